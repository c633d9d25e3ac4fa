"""Makes `previous_response_id` correct on vLLM's Responses API (vLLM #43244)."""
