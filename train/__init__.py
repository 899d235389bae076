"""Makes the models: recipes, training, threshold selection and export. Stands on `retseg`, never the other way round."""
