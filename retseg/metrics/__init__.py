"""Metrics of masks and probabilities. Pixels are counted first, and everything else follows from the counts.

`counts` and `histograms` read pixels; `derived`, `curves`, `resampling` and `permutation` read only their counts.
`surfaces`, `centreline` and `lesions` hold the metrics that need the shape of a mask.
"""
