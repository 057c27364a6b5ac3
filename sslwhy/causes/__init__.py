"""Judge: pure. Evidence in, findings out; one class per cause. No module here touches the world."""
