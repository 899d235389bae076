"""The files of an evaluation: ground truth and predictions, matched by case and checked before anything is scored."""
