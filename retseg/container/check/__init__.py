"""The platform's rules, and harder ones, as pure functions: for an image, its runs, their output and the upload."""
