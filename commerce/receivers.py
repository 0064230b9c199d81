"""What commerce does when the pinboard tells a fact."""
