"""Records as Ozon's lists have them, for the fake markets of single tests."""
import time


def iso(at, form="%Y-%m-%dT%H:%M:%SZ"):
    return time.strftime(form, time.gmtime(at))


def posting(number, ship_in=7000, **fields):
    """An order to be shipped within two hours, which is critical."""
    return {"posting_number": number, "status": "awaiting_packaging",
            "in_process_at": iso(time.time()), "shipment_date": iso(time.time() + ship_in),
            "shipment_date_without_delay": iso(time.time() + ship_in), "delivering_date": None,
            "tracking_number": "", "products": [
                {"sku": 11, "quantity": 1, "price": "990.00", "currency_code": "RUB"}], **fields}
