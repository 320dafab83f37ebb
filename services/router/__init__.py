"""The router: reads what consumers sent and what departments did, decides who acts and what that means for the case,
and writes the case log (``complaints.lifecycle.v1``) and every department's queue."""
