"""What several kinds of tests share: whole buses, servers with grips, proxies, and what they are asked."""
