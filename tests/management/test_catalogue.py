from i18nfield.strings import LazyI18nString

from tests.factories import CREATED_AT, BrandFactory, TopicFactory


def test_catalogue_as_json(run, acme, news, activity):
    gone = BrandFactory(key="gone", name="Gone", retired_at=CREATED_AT, position=1)
    TopicFactory(key="gone-news", brand=gone, name=LazyI18nString({"en": "Old news"}), channels=["post"])

    ended = run("catalogue", "--json")

    assert (ended.status, ended.err) == (0, "")
    assert ended.json == {
        "brands": [
            {
                "key": "acme",
                "name": "Acme",
                "legal_entity": "Acme AS",
                "sender_name": "Acme",
                "sender_email": "news@acme.example.com",
                "privacy_notice_url": "https://acme.example.com/privacy",
                "retired": False,
            },
            {
                "key": "gone",
                "name": "Gone",
                "legal_entity": "Gone AS",
                "sender_name": "Gone",
                "sender_email": "news@gone.example.com",
                "privacy_notice_url": "https://gone.example.com/privacy",
                "retired": True,
            },
        ],
        "topics": [
            {
                "key": "acme-news",
                "brand": "acme",
                "name": "Product news",
                "channels": ["email", "sms", "post"],
                "retired": False,
            },
            # Nobody can be opted in to it any more, so it counts as retired with its brand.
            {"key": "gone-news", "brand": "gone", "name": "Old news", "channels": ["post"], "retired": True},
        ],
        "profiling_purposes": [
            {
                "key": "activity",
                "name": "Your activity",
                "data_used": "Pages visited and clicks.",
                "default": "opt_out",
                "retired": False,
            }
        ],
    }


def test_catalogue_as_text(run, news, activity):
    ended = run("catalogue")

    assert ended.out == (
        "brand\tacme\tAcme\toffered\n"
        "topic\tacme-news\tProduct news\temail,sms,post\toffered\n"
        "profiling purpose\tactivity\tYour activity\toffered\n"
    )


def test_an_empty_catalogue_is_no_error(run, db):
    assert run("catalogue", "--json").json == {"brands": [], "topics": [], "profiling_purposes": []}


def test_catalogue_needs_as_many_queries_for_many(run, news, activity, django_assert_num_queries):
    TopicFactory.create_batch(5)
    with django_assert_num_queries(3):
        run("catalogue", "--json")
