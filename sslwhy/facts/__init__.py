"""Facts: the frozen values that evidence is made of. No module here touches the world."""
