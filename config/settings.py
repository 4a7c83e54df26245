"""Every setting of the product, read once from the environment and frozen.

Each field's environment variable is its name in capitals. Defaults serve the embedded run; the
secrets among them are refused in production (`ENVIRONMENT=production`).
"""

from base64 import b64encode
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DATA_FOLDER = Path(__file__).parent / "data"

DEMO_SECRET = "demo-only-not-for-production"  # noqa: S105 - refused in production, see below
DEMO_KEY = b64encode(b"tongban-demo-key").decode()
DEMO_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


Rate = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,6}/(second|minute|hour|day)$")]
"""How often, such as `60/minute`."""


class Settings(BaseSettings):
    """What an operator can choose."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None)

    environment: Literal["demo", "test", "production"] = "demo"
    host: str = "127.0.0.1"
    port: int = Field(default=8123, ge=1, le=65535)
    data_folder: Path = Path("var")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    access_log: bool = True
    trusted_proxies: int = Field(default=0, ge=0)

    database_url: str = ""
    """Empty: SQLite in `data_folder`. Else `mysql://user:password@host:port/name`."""
    database_pool: int = Field(default=10, ge=1, le=200)
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Set by the launcher when the embedded server is used."""

    column_keys: dict[str, SecretStr] = {"k1": SecretStr(DEMO_KEY)}
    """Key id to base64 of 16 bytes; the last is used for new data, all for reading."""
    digest_key: SecretStr = SecretStr(DEMO_KEY)

    wechat_api_base: str = "https://api.weixin.qq.com"
    wechat_appid: str = "wx00000000demo0000"
    wechat_secret: SecretStr = SecretStr(DEMO_SECRET)
    wechat_push_token: SecretStr = SecretStr(DEMO_SECRET)
    wechat_push_aes_key: SecretStr = SecretStr(DEMO_AES_KEY)
    wechat_templates: dict[str, str] = {}
    """Notice kind to subscribe-message template id; a kind without one is not sent."""

    ems_api_base: str = "https://api.ems.com.cn/amp-prod-api/f/amp/api/open"
    ems_sender_no: str = "1100000000000"
    ems_authorization: SecretStr = SecretStr(DEMO_SECRET)
    ems_sign_key: SecretStr = SecretStr(DEMO_KEY)
    ems_project_id: str = ""

    carrier: str = "ems"
    """Which carrier comes, `ems` or `sf`, to every point that `carriers_by_point` does not name."""
    carriers_by_point: dict[str, str] = {}
    sf_api_base: str = "https://bspgw.sf-express.com/std/service"
    sf_files_base: str = "https://eos-scp-core-shenzhen-futian1-oss.sf-express.com"
    """The host that labels lie on; a label anywhere else is not fetched."""
    sf_partner_id: str = "DEMOPARTNER"
    sf_check_word: SecretStr = SecretStr(DEMO_SECRET)
    sf_monthly_card: str = "0000000000"

    label_size: Literal["76x129", "100x179"] = "76x129"
    """Paper that labels are printed on unless another size is asked for, in millimetres."""
    privacy_number: bool = True
    """The carrier prints a number of its own in place of the receiver's."""

    clamd_url: str = ""
    """Empty: the embedded check. Else `tcp://host:port` or `unix:///path`."""

    outbox_pause_s: int = Field(default=300, ge=1, le=3600)
    """News that failed rests at most so long before the next try."""
    outbox_lease_s: int = Field(default=60, ge=5, le=3600)
    """When news that a killed worker had in hand goes to another: longer than handling it takes."""
    vendor_recovery_s: int = Field(default=30, ge=1, le=600)
    """How long a vendor that does not answer is left alone."""

    session_hours: int = Field(default=12, ge=1, le=24 * 30)
    hold_minutes: int = Field(default=10, ge=1, le=60)
    offer_minutes: int = Field(default=30, ge=1, le=24 * 60)
    release_delay_min_s: int = Field(default=60, ge=0)
    release_delay_max_s: int = Field(default=600, ge=0)
    slot_quantum_minutes: int = Field(default=5, ge=5, le=60)
    slot_days_ahead: int = Field(default=14, ge=1, le=60)
    draw_days: bool = False
    """Whether new days open by a draw."""
    draw_from: str = Field(default="09:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    """When wishes begin to be gathered, in Fuzhou, on the day on which a new day opens."""
    draw_gather_minutes: int = Field(default=30, ge=1, le=24 * 60)
    review_lease_s: int = Field(default=300, ge=5)
    point_silent_after_s: int = Field(default=300, ge=60, le=3600)
    """Above twice the time for which a point's being heard is not noted anew."""
    confirm_after_minutes: int = Field(default=30, ge=1)
    reminder_hours: tuple[Annotated[int, Field(ge=1, le=24 * 7)], ...] = (24, 2)
    """How long before a visit its person is reminded, each time once; empty: never."""
    check_in_at_any_time: bool = False
    """Lets a demonstration be played at night and on holidays; refused in production."""
    remote_ticket_km: float = Field(default=3.0, ge=0, le=100)
    """How near a phone has to be to take a number from afar."""
    streams_per_address: int = Field(default=20, ge=1, le=1000)
    """Displays that one address keeps open at one process."""
    green_lane_age: int = Field(default=65, ge=0, le=150)
    upload_limit_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    logins_per_address: Rate = "60/minute"
    bookings_per_person: Rate = "60/minute"
    bookings_per_device: Rate = "60/minute"
    bookings_per_address: Rate = "600/minute"
    rush_tries_per_s: int = Field(default=200, ge=1, le=1_000_000)
    """Above so many bookings and holds tried in all processes, each must solve a challenge."""
    challenge_tries: int = Field(default=300_000, ge=1, le=100_000_000)
    """How many tries a challenge takes at most; half of it on average."""
    uploads_per_address: Rate = "300/minute"
    uploads_per_day: int = Field(default=60, ge=1)

    @model_validator(mode="after")
    def _order_release_delays(self) -> Self:
        if self.release_delay_min_s > self.release_delay_max_s:
            raise ValueError("RELEASE_DELAY_MIN_S is above RELEASE_DELAY_MAX_S")
        return self

    @model_validator(mode="after")
    def _refuse_demo_secrets_in_production(self) -> Self:
        if self.environment != "production":
            return self
        secrets = {
            "COLUMN_KEYS": [key.get_secret_value() for key in self.column_keys.values()],
            "DIGEST_KEY": [self.digest_key.get_secret_value()],
            "WECHAT_SECRET": [self.wechat_secret.get_secret_value()],
            "WECHAT_PUSH_TOKEN": [self.wechat_push_token.get_secret_value()],
            "WECHAT_PUSH_AES_KEY": [self.wechat_push_aes_key.get_secret_value()],
            "EMS_AUTHORIZATION": [self.ems_authorization.get_secret_value()],
            "EMS_SIGN_KEY": [self.ems_sign_key.get_secret_value()],
        }
        if "sf" in {self.carrier, *self.carriers_by_point.values()}:
            secrets["SF_CHECK_WORD"] = [self.sf_check_word.get_secret_value()]
        shown = sorted(
            name
            for name, values in secrets.items()
            if {DEMO_KEY, DEMO_SECRET, DEMO_AES_KEY} & set(values)
        )
        if self.check_in_at_any_time:
            raise ValueError("CHECK_IN_AT_ANY_TIME is for demonstrations only")
        if shown:
            raise ValueError(f"set these before running in production: {', '.join(shown)}")
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the embedded one, which serves a single process."""
        return not self.database_url

    @property
    def effective_database_url(self) -> str:
        """The database to open."""
        return self.database_url or f"sqlite://{(self.data_folder / 'tongban.sqlite3').absolute()}"
