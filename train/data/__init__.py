"""The images of a recipe: found, read, dealt onto folds, cut into patches and changed at random."""
