"""Taobao's signature to the letter, and its rows as they really come."""

import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from commerce.click_refs import click_ref_of
from commerce.exceptions import MalformedNotice
from commerce.models.link import new_click_id
from commerce.networks.fields import as_gmt8, as_utc
from commerce.networks.taobao import TaobaoAdapter
from commerce.networks.top_signature import base_string, sign, wrapped_md5

SECRET = "helloworld"
POLL = {
    "app_key": "12345678",
    "end_time": "2026-11-22 15:00:00",
    "format": "json",
    "method": "taobao.tbk.order.details.get",
    "order_scene": "1",
    "page_size": "100",
    "position_index": "",
    "query_type": "4",
    "session": "test",
    "start_time": "2026-11-22 14:40:00",
    "timestamp": "2026-11-22 15:00:00",
    "v": "2.0",
}
SELLER_GET = {
    "method": "taobao.item.seller.get",
    "app_key": "12345678",
    "session": "test",
    "timestamp": "2016-01-01 12:00:00",
    "format": "json",
    "v": "2.0",
    "fields": "num_iid,title,nick,price,num",
    "num_iid": "11223344",
}
USER_SELLER_GET = {
    "method": "taobao.user.seller.get",
    "timestamp": "2013-05-06 13:52:03",
    "format": "xml",
    "app_key": "test",
    "v": "2.0",
    "sign_method": "md5",
    "session": "test",
    "fields": "nick,user_id,type",
}


def test_what_is_signed_is_sorted_joined_and_free_of_empty_values():
    assert base_string(POLL | {"sign_method": "md5", "sign": "x"}) == (
        "app_key12345678end_time2026-11-22 15:00:00formatjson"
        "methodtaobao.tbk.order.details.getorder_scene1page_size100query_type4"
        "sessiontestsign_methodmd5start_time2026-11-22 14:40:00"
        "timestamp2026-11-22 15:00:00v2.0"
    )


@pytest.mark.parametrize(
    ("sign_method", "signature"),
    [
        ("md5", "4033401AEC34AC1953BD032D74B17577"),
        ("hmac", "47FA3A4F6738C1610C692A5A25C3BE6F"),
        (
            "hmac-sha256",
            "7AE57FBAD3DBDA3DC048994E064A62D0646071280DC8D636A59A44410F9EC1BE",
        ),
    ],
)
def test_a_poll_is_signed_as_published(sign_method, signature):
    parameters = POLL | {"sign_method": sign_method}
    assert sign(parameters, SECRET, sign_method=sign_method) == signature


@pytest.mark.parametrize(
    ("sign_method", "signature"),
    [
        ("md5", "66987CB115214E59E6EC978214934FB8"),
        ("hmac", "D56D7858309C31B6251083A874D48273"),
        (
            "hmac-sha256",
            "04DB15AD0774D5CFCE2C837DE43E3FCEA9011ED74F3038FB6AB5F3C4CEA119E8",
        ),
    ],
)
def test_the_official_example_is_signed_as_published(sign_method, signature):
    parameters = SELLER_GET | {"sign_method": sign_method}
    assert sign(parameters, SECRET, sign_method=sign_method) == signature


def test_chinese_is_signed_as_utf_8():
    parameters = {
        name: POLL[name] for name in ("app_key", "timestamp", "format", "v")
    } | {
        "method": "taobao.tbk.tpwd.create",
        "text": "秋冬连衣裙",
        "url": "https://uland.taobao.com/",
        "sign_method": "hmac-sha256",
    }
    assert sign(parameters, SECRET) == (
        "6890402F0364177B2C27B00D45A8B44BC29F6FCC3196C496231E1CD5126C61BA"
    )


def test_the_vectors_of_the_hashes_themselves():
    assert sign({"Hi": " There"}, "\x0b" * 16, sign_method="hmac") == (
        "9294727A3638BB1C13F48EF8158BFC9D"
    )
    assert sign({"Hi": " There"}, "\x0b" * 20, sign_method="hmac-sha256") == (
        "B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7"
    )


def test_an_unknown_method_is_an_error():
    with pytest.raises(KeyError):
        sign(POLL, SECRET, sign_method="sha1")


def test_jd_and_pinduoduo_share_the_wrap():
    jd = (
        b'360buy_param_json{"end_date":null,"optional_fields":null,'
        b'"order_state":"WAIT_SELLER_STOCK_OUT","page":"1","page_size":"200",'
        b'"start_date":null}access_tokenyourtokenapp_keyyourappkey'
        b"methodjingdong.pop.order.searchtimestamp2021-05-07 09:20:39.683+0800v2.0"
    )
    assert wrapped_md5(jd, b"yourappSecret") == "D70825340F4084360B9362B60DFD7930"
    pinduoduo = {
        "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211",
        "client_id": "1",
        "data_type": "XML",
        "order_status": "1",
        "page": "1",
        "page_size": "10",
        "timestamp": "1480411125",
        "type": "pdd.order.number.list.get",
    }
    assert sign(pinduoduo, "testSecret", sign_method="md5") == (
        "E4DE3ED21002510DED352819E7AE6775"
    )


def test_the_signature_is_upper_case_and_covers_every_parameter():
    plain = hmac.new(SECRET.encode(), base_string(POLL).encode(), hashlib.sha256)
    assert sign(POLL, SECRET) == plain.hexdigest().upper()
    assert sign(POLL | {"page_size": "99"}, SECRET) != sign(POLL, SECRET)


def test_their_clock_is_pekings():
    assert as_utc("2026-11-22 15:00:00") == datetime(2026, 11, 22, 7, tzinfo=UTC)
    assert as_gmt8(datetime(2026, 11, 22, 20, tzinfo=UTC)) == "2026-11-23 04:00:00"


# Own rows of the shape of real ones: numbers here, texts there, nulls in both ways.
ROW = {
    "trade_id": "821039000000000001",
    "trade_parent_id": 821039000000000000,
    "tk_status": 12,
    "tb_paid_time": "2026-01-17 18:27:02",
    "tk_paid_time": "2026-01-17 18:27:12",
    "tk_create_time": "2026-01-17 18:27:07",
    "tk_earning_time": "",
    "click_time": "2026-01-17 18:26:37",
    "alipay_total_price": "3.80",
    "pay_price": "",
    "pub_share_pre_fee": "1.14",
    "pub_share_fee": "0.00",
    "alimama_rate": "10.00",
    "alimama_share_fee": "0.11",
    "total_commission_fee": "0.00",
    "tk_total_rate": "30.00",
    "relation_id": 2000000001,
    "special_id": 0,
    "unid": 0,
    "item_id": "nXtQUotkQRC0tP-d2q",
    "item_title": "A paper lantern",
    "subsidy_type": "--",
}


def read(**changes):
    return TaobaoAdapter().read(ROW | changes)


def test_a_paid_row_is_read_as_it_is():
    report = read()

    assert (report.line_id, report.order_id) == (
        "821039000000000001",
        "821039000000000000",
    )
    assert (report.status, report.currency) == ("paid", "CNY")
    assert (report.paid_minor, report.settled_minor) == (380, None)
    # Gross of the technical fee, and never recomputed from the rates beside it.
    assert (report.gross_fee_minor, report.tech_fee_minor) == (114, 11)
    assert report.created_at == datetime(2026, 1, 17, 10, 27, 7, tzinfo=UTC)
    assert report.click_time == datetime(2026, 1, 17, 10, 26, 37, tzinfo=UTC)
    assert (report.sub_id, report.click_ref) == ("2000000001", "")
    assert report.item_ref == "nXtQUotkQRC0tP-d2q"
    assert not report.is_dated


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (11, "created"),
        ("12", "paid"),
        (14, "received"),
        (3, "settled"),
        (13, "invalid"),
    ],
)
def test_their_codes_are_our_statuses(code, status):
    assert read(tk_status=code).status == status


def test_an_unknown_code_is_no_status():
    report = read(tk_status=99)
    assert (report.status, report.raw_status) == (None, "99")


def test_a_settled_row_counts_by_its_settled_figures():
    report = read(
        tk_status=3,
        pay_price="3.70",
        pub_share_fee="1.00",
        tk_earning_time="2026-02-01 09:00:00",
        modified_time="2026-02-01 09:00:01",
    )
    assert (report.settled_minor, report.gross_fee_minor) == (370, 100)
    assert report.settled_at == datetime(2026, 2, 1, 1, tzinfo=UTC)
    assert report.is_dated


def test_a_reference_of_ours_comes_back():
    ref = click_ref_of(new_click_id())
    assert read(unid=ref).click_ref == ref


@pytest.mark.parametrize("nothing", ["--", "", None, 0])
def test_nulls_of_all_kinds_are_nothing(nothing):
    report = read(relation_id=nothing, adzone_id=nothing, pay_price="--")
    assert (report.sub_id, report.settled_minor) == ("", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"trade_id": ""},
        {"trade_id": "9" * 65},
        {"tk_create_time": "--"},
        {"tk_create_time": "2026-13-01 00:00:00"},
        {"alipay_total_price": "1,000.00"},
        {"pub_share_pre_fee": "-0.14"},
        {"alimama_share_fee": "0.001"},
    ],
)
def test_a_row_against_the_networks_own_rules_is_refused(changes):
    with pytest.raises(MalformedNotice):
        read(**changes)


REFUND = {
    "refund_suit_id": 4100000001,
    "tb_trade_id": "821039000000000001",
    "refund_status": 2,
    "refund_fee": "1.20",
    "tk_refund_time": "2026-01-20 10:00:00",
    "modified_time": "2026-01-21 10:00:00",
}


@pytest.mark.parametrize(
    ("code", "counts"),
    [(2, True), (3, False), (4, False), (11, False), (12, True), (15, True)],
)
def test_a_refund_counts_once_it_has_happened(code, counts):
    report = TaobaoAdapter().read(REFUND | {"refund_status": code})
    assert (report.line_id, report.refund_id) == ("821039000000000001", "4100000001")
    assert (report.refunded_minor, report.is_successful) == (120, counts)


def test_an_unknown_refund_status_is_refused():
    with pytest.raises(MalformedNotice):
        TaobaoAdapter().read(REFUND | {"refund_status": 77})
