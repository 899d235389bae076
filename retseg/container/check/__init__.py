"""The platform's rules, and stricter ones: for an image, its runs, their output and the file to upload."""
