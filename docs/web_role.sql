-- What the role of the web server and the task worker may do. Run as the owner of the tables, after every
-- `manage.py migrate`; running it again changes nothing. Tables that are new have no grant until it has run.
-- The role itself is made once: CREATE ROLE preferences_web LOGIN PASSWORD '…';

BEGIN;

GRANT USAGE ON SCHEMA public TO preferences_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO preferences_web;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO preferences_web;

-- The history: added to and read, nothing else. The triggers refuse the rest to everybody; this refuses it before
-- a trigger is asked, and a role without TRUNCATE, ownership or superuser cannot switch a trigger off.
REVOKE UPDATE, DELETE ON
    preferences_banner,
    preferences_cookieconsent,
    preferences_event,
    preferences_merge,
    preferences_publishedrules,
    preferences_wording
FROM preferences_web;

-- What staff changed in the catalogue, the rules, the suppressions, the answers and the sites, and when: written by the
-- application, never rewritten.
REVOKE UPDATE, DELETE ON
    preferences_historicalbrand,
    preferences_historicaltopic,
    preferences_historicalprofilingpurpose,
    preferences_historicalwordingtemplate,
    preferences_historicalmarketingrule,
    preferences_historicalprofilingrule,
    preferences_historicalsuppression,
    preferences_historicalanswertemplate,
    preferences_historicalsite,
    preferences_historicalsitecategory,
    preferences_historicalsitecookie
FROM preferences_web;
-- When an account is deleted, its name goes from there too, and nothing else does.
GRANT UPDATE (history_user_id) ON preferences_historicalbrand TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicaltopic TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalprofilingpurpose TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalwordingtemplate TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalmarketingrule TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalprofilingrule TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalsuppression TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalanswertemplate TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalsite TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalsitecategory TO preferences_web;
GRANT UPDATE (history_user_id) ON preferences_historicalsitecookie TO preferences_web;

-- Only `migrate` writes these.
REVOKE INSERT, UPDATE, DELETE ON
    django_migrations,
    django_content_type,
    auth_permission
FROM preferences_web;

COMMIT;
