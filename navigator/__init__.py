"""The customised vision-language model: product embeddings in, conversation out."""
