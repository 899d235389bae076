"""Experiments after publications: a queue, a result for each run, and the page of published and own numbers."""
