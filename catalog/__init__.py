"""What is for sale: the item, where items come from, how they become vectors, and the table they live in."""
