"""Take models that other people made: a checkpoint becomes a model folder, and a model folder is added to one's own."""
