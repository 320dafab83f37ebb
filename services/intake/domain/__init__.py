"""Pure decisions of the door: what a submission must look like, and which complaint it becomes."""
