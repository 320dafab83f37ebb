"""E-mail by SMTP: the letters and their templates, addresses, MIME messages, the relay and what its replies mean."""
