"""Alerts: rules that are looked at every minute, and people who are told when one starts and when it stops to hold.

- `conditions` decides from figures, without a store or a clock, whether a rule holds, and says so in words;
- `figures` reads what a rule looks at;
- `checking` goes from one to the other and remembers what people were told;
- `telling` sends the email and the webhook.
"""
