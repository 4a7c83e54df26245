from datetime import date

from server.identity.rules import born_on, has_turned


def test_somebody_turns_sixty_five_on_the_birthday():
    birthday = born_on("350102196111230017")
    days = (date(2026, 11, 22), date(2026, 11, 23), date(2027, 1, 1))
    assert [has_turned(65, birthday, today=day) for day in days] == [False, True, True]
