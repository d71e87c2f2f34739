"""Search: claims, articles and sources by their words, ranked; and lists narrowed to what holds parts of words."""
