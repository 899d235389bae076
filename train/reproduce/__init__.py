"""Experiments of publications: a queue, a result for each run, and the page of published numbers beside ours."""
