"""From labelled texts to a model artifact, and the proof of what it can do."""
