"""What clients of every vendor share: errors, HTTP, cooldowns and rate limiters."""
