"""People."""

from django.urls import path

from pitcairn.profiles.views import accounts, export, merges, people, profile, removal, rules, tokens

app_name = "profiles"
urlpatterns = [
    path("", people.people, name="list"),
    path("<int:profile_id>/", profile.profile, name="profile"),
    path("<int:profile_id>/traits/", profile.traits, name="traits"),
    path("<int:profile_id>/audiences/", profile.audiences, name="audiences"),
    path("<int:profile_id>/identity/", profile.identity, name="identity"),
    path("<int:profile_id>/merge/", merges.join, name="join"),
    path("<int:profile_id>/export/", export.export, name="export"),
    path("<int:profile_id>/delete/", removal.delete, name="delete"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<int:account_id>/", accounts.account, name="account"),
    path("identity/", rules.rules, name="rules"),
    path("identity/defaults/", rules.reset, name="rules-reset"),
    path("identity/merges/", merges.merges, name="merges"),
    path("identity/merges/<int:merge_id>/undo/", merges.undo, name="merge-undo"),
    path("identity/tokens/", tokens.tokens, name="tokens"),
    path("identity/tokens/<int:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    path("identity/deleted/", removal.deleted, name="deleted"),
    path("identity/deleted/allow/", removal.allow_again, name="allow-again"),
]
