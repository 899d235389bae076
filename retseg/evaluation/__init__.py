"""Score predictions against ground truth: `inputs` finds and checks the files, `scoring` turns pixels into numbers."""
