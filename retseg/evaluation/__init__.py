"""Predictions and ground truth in, named numbers out: match the cases, apply a protocol, aggregate."""
