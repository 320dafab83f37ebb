"""The torture harness: the whole bus under load while things are broken, then judged by an independent checker."""
