"""vLLM's whole OpenAI server with a scripted engine in place of a model.

Everything between the HTTP request and the engine, and between the engine's token
ids and the HTTP response, is vLLM's own code. Nothing here imports pytest, so
benchmarks and soak scripts can use it as well as fixtures.
"""
