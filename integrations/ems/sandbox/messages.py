"""What the sandbox takes in, checked as the post would check it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from integrations.ems.mapping import OperationCode, PostalModel, WaybillNo

Required = Annotated[str, Field(min_length=1, max_length=200)]


class PostalForm(PostalModel):
    """The form fields of every call."""

    api_code: Required
    sender_no: Required
    authorization: Required
    time_stamp: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
    msg_type: Annotated[str, Field(pattern=r"^0$")]
    version: Annotated[str, Field(pattern=r"^V1\.0\.0$")]
    envelope: str = Field(alias="logitcsInterface")


class PostalParty(PostalModel):
    """Sender or receiver of an order; one of the two phones is needed."""

    name: Required
    phone: str = ""
    mobile: str = ""
    prov: Required
    city: Required
    county: Required
    address: Required

    @property
    def any_phone(self) -> str:
        """The number to call, the mobile one if there are both."""
        return self.mobile or self.phone

    @property
    def whole_address(self) -> str:
        """The address with its districts before it."""
        return f"{self.prov}{self.city}{self.county}{self.address}"


class Cargo(PostalModel):
    """One thing in a parcel."""

    cargo_name: Required


class PostalOrder(PostalModel):
    """One order of 020003 with the fields that the post insists on."""

    created_time: Required
    ecommerce_user_id: Annotated[str, Field(min_length=1, max_length=49)]
    sender_no: Required
    logistics_order_no: Annotated[str, Field(min_length=1, max_length=50)]
    contents_attribute: Annotated[str, Field(pattern=r"^[1-4]$")]
    biz_product_no: Required
    virtual_num_flag: str = "0"
    sender: PostalParty
    receiver: PostalParty
    cargos: Annotated[list[Cargo], Field(min_length=1)]


class Cancellation(PostalModel):
    """The document of 020006."""

    logistics_order_no: Required
    waybill_no: Required
    cancel_reason: Required


class LabelRequest(PostalModel):
    """The document of 010004; this sandbox hands out files, not their addresses."""

    waybill_no: Required
    type: Annotated[str, Field(pattern=r"^1[247]9$")]
    get_url: Annotated[str, Field(alias="getURL", pattern=r"^0$")]


class ReachRequest(PostalModel):
    """The document of 030005."""

    prov: str = ""
    city: str = ""
    address: str = ""


class TrackRequest(PostalModel):
    """The document of 040001."""

    waybill_no: Required


class NewEvent(BaseModel):
    """What `POST /sandbox/events` takes.

    `op_time` is Beijing's or carries its offset, now if left out; `deliveries` is how often the
    same push is sent, none if zero.
    """

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    waybill_no: WaybillNo
    op_code: OperationCode
    op_time: str = ""
    op_name: str = ""
    op_desc: str = ""
    op_org_prov_name: str = "福建省"
    op_org_city: str = "福州市"
    op_org_code: str = "35000100"
    op_org_name: str = "鼓楼揽投部"
    deliver_code: str = ""
    attempt_delivery_code: str = ""
    deliveries: int = Field(default=1, ge=0, le=5)
