"""Makes the models: recipes, training, thresholds and export. Stands on `retseg`, never the other way round."""
