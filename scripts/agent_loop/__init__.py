"""An agent's loop, which benchmarks hold with a server: in each turn, a tool call."""
