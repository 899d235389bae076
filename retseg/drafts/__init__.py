"""The first files of a challenge of one's own: its TOML file, a recipe, drawn images, and test cases."""
