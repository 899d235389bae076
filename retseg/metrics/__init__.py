"""From masks and probabilities to numbers: counts first, everything else derived from them.

`counts` and `histograms` look at pixels; `derived`, `curves` and `resampling` only at what those two have counted.
`surfaces`, `centreline` and `lesions` hold the metrics that need the shape of a mask.
"""
