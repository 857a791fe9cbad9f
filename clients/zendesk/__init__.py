"""Zendesk Support: tags of users and organisations."""
