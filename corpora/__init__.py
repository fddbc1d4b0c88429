"""The city and its labelled texts as data, with the loaders that check them."""
