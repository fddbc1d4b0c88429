"""From a citizen's text to a prediction: the one door to inference."""
