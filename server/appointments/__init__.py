"""预约: slots, holds, bookings."""
