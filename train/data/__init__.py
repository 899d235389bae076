"""The images of a recipe: find them, read them, divide them into folds, cut patches and change these at random."""
