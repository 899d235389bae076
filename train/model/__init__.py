"""From trained networks to a model: thresholds, scores, the choice between candidates, and export."""
