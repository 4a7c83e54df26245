"""Who reaches what: one line for each route and each kind of thing it is asked for.

.  reached: done, or turned down for what the thing is, not for who asks
1  401, no session
3  403, the role may not
n  403, only with a real name
0  404, the same answer as for what is not there
"""

from tests.security.world import ACTORS

TABLE = """
                                                              thing          nobody
                                                              |              | owner
                                                              |              | | other citizen
                                                              |              | | | nameless citizen
                                                              |              | | | | clerk here
                                                              |              | | | | | clerk elsewhere
                                                              |              | | | | | | manager here
                                                              |              | | | | | | | handler
                                                              |              | | | | | | | | handler elsewhere
                                                              |              | | | | | | | | | courier
                                                              |              | | | | | | | | | | courier elsewhere
                                                              |              | | | | | | | | | | | supervisor
                                                              |              | | | | | | | | | | | | admin
GET    /public/about                                          -              . . . . . . . . . . . . .
GET    /public/items                                          -              . . . . . . . . . . . . .
GET    /public/themes                                         -              . . . . . . . . . . . . .
GET    /public/items/<item_code>                              -              . . . . . . . . . . . . .
GET    /public/points                                         -              . . . . . . . . . . . . .
GET    /public/points/<code>                                  -              . . . . . . . . . . . . .
GET    /public/points/<code>/times                            -              . . . . . . . . . . . . .
GET    /public/soonest                                        -              . . . . . . . . . . . . .
GET    /public/points/<code>/display                          -              . . . . . . . . . . . . .
GET    /public/points/<code>/lockers                          -              . . . . . . . . . . . . .
GET    /public/draws                                          -              . . . . . . . . . . . . .
GET    /public/draws/<day>/wishes                             -              . . . . . . . . . . . . .
GET    /public/calendar                                       -              . . . . . . . . . . . . .
GET    /public/ratings/summary                                -              . . . . . . . . . . . . .
GET    /public/ratings/reasons                                -              . . . . . . . . . . . . .
POST   /callbacks/carriers/<carrier>                          -              . . . . . . . . . . . . .
GET    /callbacks/wechat                                      -              . . . . . . . . . . . . .
POST   /callbacks/wechat                                      -              . . . . . . . . . . . . .
POST   /citizen/login                                         -              . . . . . . . . . . . . .
POST   /desk/login                                            -              . . . . . . . . . . . . .
POST   /courier/login                                         -              . . . . . . . . . . . . .

POST   /citizen/phone                                         -              1 . . . 3 3 3 3 3 3 3 3 3
PUT    /citizen/identity                                      -              1 . . . 3 3 3 3 3 3 3 3 3
GET    /citizen/me                                            -              1 . . . 3 3 3 3 3 3 3 3 3
GET    /citizen/notices                                       -              1 . . . 3 3 3 3 3 3 3 3 3
DELETE /citizen/session                                       -              1 . . . 3 3 3 3 3 3 3 3 3
GET    /citizen/relatives                                     -              1 . . n 3 3 3 3 3 3 3 3 3
POST   /citizen/relatives                                     -              1 . . n 3 3 3 3 3 3 3 3 3
POST   /citizen/relatives/<relative_id>/agree                 relative       1 0 . n 3 3 3 3 3 3 3 3 3
POST   /citizen/relatives/<relative_id>/refuse                relative       1 0 . n 3 3 3 3 3 3 3 3 3
DELETE /citizen/relatives/<relative_id>                       relative       1 . . n 3 3 3 3 3 3 3 3 3
GET    /citizen/file-views                                    -              1 . . n 3 3 3 3 3 3 3 3 3
GET    /citizen/attachments/<attachment_id>                   own_file       1 . 0 n 3 3 3 3 3 3 3 3 3
GET    /citizen/pre-reviews                                   -              1 . . n 3 3 3 3 3 3 3 3 3
POST   /citizen/pre-reviews                                   -              1 . . n 3 3 3 3 3 3 3 3 3
GET    /citizen/pre-reviews/<pre_review_id>                   draft          1 . 0 n 3 3 3 3 3 3 3 3 3
PUT    /citizen/pre-reviews/<pre_review_id>/materials/<seq>   draft          1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/pre-reviews/<pre_review_id>/submit            draft          1 . 0 n 3 3 3 3 3 3 3 3 3
DELETE /citizen/pre-reviews/<pre_review_id>/materials/<seq>   draft          1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/pre-reviews/<pre_review_id>/withdraw          draft          1 . 0 n 3 3 3 3 3 3 3 3 3
GET    /citizen/challenges                                    -              1 . . . 3 3 3 3 3 3 3 3 3
POST   /citizen/holds                                         -              1 . . n 3 3 3 3 3 3 3 3 3
GET    /citizen/appointments                                  -              1 . . n 3 3 3 3 3 3 3 3 3
POST   /citizen/appointments                                  @hold          1 . 0 n 3 3 3 3 3 3 3 3 3
DELETE /citizen/holds/<hold_id>                               hold           1 . 0 n 3 3 3 3 3 3 3 3 3
GET    /citizen/appointments/<appointment_id>                 visit          1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/appointments/<appointment_id>/reschedule      visit          1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/appointments/<appointment_id>/check-in        visit          1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/appointments/<appointment_id>/cancel          visit          1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/waitlist                                      -              1 . . n 3 3 3 3 3 3 3 3 3
GET    /citizen/waitlist                                      -              1 . . n 3 3 3 3 3 3 3 3 3
DELETE /citizen/waitlist/<entry_id>                           waiting        1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/draws/<day>/wishes                            -              1 . . n 3 3 3 3 3 3 3 3 3
GET    /citizen/draw-wishes                                   -              1 . . n 3 3 3 3 3 3 3 3 3
DELETE /citizen/draw-wishes/<wish_id>                         drawn          1 . 0 n 3 3 3 3 3 3 3 3 3
GET    /citizen/offers                                        -              1 . . n 3 3 3 3 3 3 3 3 3
POST   /citizen/offers/<offer_id>/accept                      offer          1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/offers/<offer_id>/decline                     offer          1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/tickets                                       -              1 . . n 3 3 3 3 3 3 3 3 3
GET    /citizen/tickets/<ticket_id>                           ticket         1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/tickets/<ticket_id>/arrive                    ticket         1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/tickets/<ticket_id>/move                      ticket         1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/tickets/<ticket_id>/withdraw                  ticket         1 . 0 n 3 3 3 3 3 3 3 3 3
PUT    /citizen/appointments/<appointment_id>/way             visit          1 . 0 n 3 3 3 3 3 3 3 3 3
GET    /citizen/cases                                         -              1 . . n 3 3 3 3 3 3 3 3 3
GET    /citizen/cases/<case_no>                               case_here      1 . 0 0 3 3 3 3 3 3 3 3 3
PUT    /citizen/cases/<case_no>/delivery                      case_here      1 . 0 0 3 3 3 3 3 3 3 3 3
POST   /citizen/cases/<case_no>/rating                        case_here      1 . 0 0 3 3 3 3 3 3 3 3 3
GET    /citizen/cases/<case_no>/rating                        case_here      1 . 0 0 3 3 3 3 3 3 3 3 3
GET    /citizen/parcels/<parcel_id>                           parcel         1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/parcels/<parcel_id>/cancel                    parcel         1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/cases/<case_no>/locker-stays                  case_here      1 . 0 0 3 3 3 3 3 3 3 3 3
GET    /citizen/locker-stays                                  -              1 . . n 3 3 3 3 3 3 3 3 3
POST   /citizen/locker-stays/<stay_id>/code                   stay           1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/locker-stays/<stay_id>/cancel                 stay           1 . 0 n 3 3 3 3 3 3 3 3 3
POST   /citizen/lockers/<locker_code>/open                    -              1 . . . 3 3 3 3 3 3 3 3 3
POST   /citizen/addresses/parse                               -              1 . . . 3 3 3 3 3 3 3 3 3
GET    /citizen/mail-forms/<mail_code>                        mail_code      1 . . . 3 3 3 3 3 3 3 3 3
PUT    /citizen/mail-forms/<mail_code>                        mail_code      1 . . . 3 3 3 3 3 3 3 3 3

DELETE /desk/session                                          -              1 3 3 3 . . . . . 3 3 . .
GET    /desk/attachments/<attachment_id>                      claimed_file   1 3 3 3 . 0 0 0 0 3 3 3 3
GET    /desk/attachments/<attachment_id>                      case_file      1 3 3 3 . 0 . . 0 3 3 3 3
GET    /desk/attachments/<attachment_id>                      own_file       1 3 3 3 0 0 0 0 0 3 3 3 3
GET    /desk/pre-reviews/<pre_review_id>                      claimed        1 3 3 3 . 0 . 3 3 3 3 3 3
GET    /desk/pre-reviews/<pre_review_id>                      draft          1 3 3 3 0 0 0 3 3 3 3 3 3
POST   /desk/pre-reviews/<pre_review_id>/renew                claimed        1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/pre-reviews/<pre_review_id>/return               claimed        1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/pre-reviews/<pre_review_id>/reject               claimed        1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/pre-reviews/<pre_review_id>/pass                 claimed        1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/pre-reviews/<pre_review_id>/release              claimed        1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/pre-reviews/claim-next                           -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/closures                                         -              1 3 3 3 3 3 . 3 3 3 3 3 3
GET    /desk/closures                                         -              1 3 3 3 3 3 . 3 3 3 3 3 3
GET    /desk/closures/<closure_id>                            closure        1 3 3 3 3 3 . 3 3 3 3 3 3
GET    /desk/closures/<closure_id>                            closure_away   1 3 3 3 3 3 0 3 3 3 3 3 3
POST   /desk/closures/<closure_id>/lift                       point_closure  1 3 3 3 3 3 . 3 3 3 3 3 3
POST   /desk/closures/<closure_id>/lift                       closure        1 3 3 3 3 3 0 3 3 3 3 3 3
GET    /desk/reseatings/<reseating_id>                        reseating      1 3 3 3 3 3 . 3 3 3 3 3 3
GET    /desk/reseatings/<reseating_id>                        reseating_away 1 3 3 3 3 3 0 3 3 3 3 3 3
POST   /desk/reseatings/<reseating_id>/called                 reseating      1 3 3 3 3 3 . 3 3 3 3 3 3
POST   /desk/reseatings/<reseating_id>/called                 reseating_away 1 3 3 3 3 3 0 3 3 3 3 3 3
GET    /desk/roster                                           -              1 3 3 3 3 3 . 3 3 3 3 3 3
PUT    /desk/roster                                           -              1 3 3 3 3 3 . 3 3 3 3 3 3
GET    /desk/roster/day                                       -              1 3 3 3 3 3 . 3 3 3 3 3 3
POST   /desk/absences                                         -              1 3 3 3 3 3 . 3 3 3 3 3 3
GET    /desk/absences                                         -              1 3 3 3 3 3 . 3 3 3 3 3 3
POST   /desk/absences/<absence_id>/withdraw                   absence        1 3 3 3 3 3 . 3 3 3 3 3 3
POST   /desk/absences/<absence_id>/withdraw                   absence_away   1 3 3 3 3 3 0 3 3 3 3 3 3
PUT    /desk/presence                                         -              1 3 3 3 . . . 3 3 3 3 3 3
GET    /desk/appointments                                     -              1 3 3 3 . . . 3 3 3 3 3 3
GET    /desk/appointments/day-sheet                           -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/appointments                                     -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/appointments/<appointment_id>/confirm            visit          1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/appointments/<appointment_id>/decline            visit          1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/appointments/<appointment_id>/no-show            visit          1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/appointments/<appointment_id>/check-in           visit          1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/relatives/<relative_id>/agree                    relative       1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/tickets                                          -              1 3 3 3 . . . 3 3 3 3 3 3
GET    /desk/tickets                                          -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/tickets/<ticket_id>/arrive                       ticket         1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/windows/<no>/open                                -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/windows/<no>/call-next                           -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/windows/<no>/recall                              -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/windows/<no>/start                               -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/windows/<no>/finish                              -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/windows/<no>/miss                                -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/windows/<no>/transfer                            -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/windows/<no>/change                              -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/windows/<no>/close                               -              1 3 3 3 . . . 3 3 3 3 3 3

GET    /desk/cases                                            -              1 3 3 3 . . . . . 3 3 3 3
POST   /desk/cases                                            @ticket        1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases                                            @ticket+person 1 3 3 3 . 0 . 3 3 3 3 3 3
GET    /desk/cases/<case_no>                                  case_here      1 3 3 3 . 0 . 0 0 3 3 3 3
GET    /desk/cases/<case_no>                                  case_sent      1 3 3 3 . 0 . . 0 3 3 3 3
GET    /desk/cases/<case_no>                                  case_there     1 3 3 3 . 0 . . 0 3 3 3 3
POST   /desk/cases/<case_no>/accept                           case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/refuse                           case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/notify-missing                   case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/supplement                       case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/mail-code                        case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/locker-stays                     case_here      1 3 3 3 . 0 . 0 0 3 3 3 3
POST   /desk/cases/<case_no>/locker-stays                     case_there     1 3 3 3 0 0 0 . 0 3 3 3 3
GET    /desk/locker-stays                                     -              1 3 3 3 . . . . . 3 3 3 3
POST   /desk/locker-stays/<stay_id>/code                      stay           1 3 3 3 . 0 . . 0 3 3 3 3
POST   /desk/locker-stays/<stay_id>/remove                    stay           1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/lockers/<locker_code>/open                       -              1 3 3 3 . . . . . 3 3 3 3
POST   /desk/tickets/<ticket_id>/mail-code                    ticket         1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/transfer                         case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/recall                           case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/suspend                          case_here      1 3 3 3 . 0 . 0 0 3 3 3 3
POST   /desk/cases/<case_no>/resume                           case_here      1 3 3 3 . 0 . 0 0 3 3 3 3
POST   /desk/cases/<case_no>/decide                           case_here      1 3 3 3 . 0 . 0 0 3 3 3 3
POST   /desk/cases/<case_no>/issue                            case_here      1 3 3 3 . 0 . 0 0 3 3 3 3
POST   /desk/cases/<case_no>/suspend                          case_there     1 3 3 3 0 0 0 . 0 3 3 3 3
POST   /desk/cases/<case_no>/resume                           case_there     1 3 3 3 0 0 0 . 0 3 3 3 3
POST   /desk/cases/<case_no>/decide                           case_there     1 3 3 3 0 0 0 . 0 3 3 3 3
POST   /desk/cases/<case_no>/issue                            case_there     1 3 3 3 0 0 0 . 0 3 3 3 3
POST   /desk/cases/<case_no>/close                            case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/withdraw                         case_here      1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/cases/<case_no>/take-over                        case_sent      1 3 3 3 3 3 3 . 0 3 3 3 3
POST   /desk/cases/<case_no>/return                           case_sent_too  1 3 3 3 3 3 3 . 0 3 3 3 3

GET    /desk/parcels                                          -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/parcels                                          -              1 3 3 3 . . . 3 3 3 3 3 3
GET    /desk/parcels/<parcel_id>/label                        parcel         1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/parcels/labels                                   @parcel        1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/parcels/<parcel_id>/seal                         parcel         1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/parcels/<parcel_id>/reissue-code                 parcel         1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/parcels/<parcel_id>/unlock                       parcel         1 3 3 3 3 3 . 3 3 3 3 3 3
POST   /desk/parcels/<parcel_id>/repack                       parcel         1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/parcels/<parcel_id>/cancel                       parcel         1 3 3 3 . 0 . 3 3 3 3 3 3
GET    /desk/reconciliation                                   -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/reconciliation/<order_id>/waybill                order          1 3 3 3 3 3 . 3 3 3 3 3 3
POST   /desk/reconciliation/<order_id>/reorder                order          1 3 3 3 3 3 . 3 3 3 3 3 3
POST   /desk/reconciliation/<order_id>/dismiss                order          1 3 3 3 3 3 . 3 3 3 3 3 3
GET    /desk/rounds                                           -              1 3 3 3 . . . 3 3 3 3 3 3
GET    /desk/rounds/<round_id>/sheet                          round          1 3 3 3 . 0 . 3 3 3 3 3 3
POST   /desk/arrivals                                         -              1 3 3 3 0 0 0 3 3 3 3 3 3
GET    /desk/parcel-tasks                                     -              1 3 3 3 . . . 3 3 3 3 3 3
POST   /desk/parcel-tasks/<task_id>/finish                    task           1 3 3 3 . 0 . 3 3 3 3 3 3

GET    /courier/rounds                                        -              1 3 3 3 3 3 3 3 3 . . 3 3
GET    /courier/rounds/<round_id>                             round          1 3 3 3 3 3 3 3 3 . 0 3 3
GET    /courier/rounds/<round_id>/sheet                       round          1 3 3 3 3 3 3 3 3 . 0 3 3
POST   /courier/rounds/<round_id>/agree                       round          1 3 3 3 3 3 3 3 3 . 0 3 3
POST   /courier/arrivals                                      @waybill       1 3 3 3 3 3 3 3 3 . 0 3 3
POST   /courier/scans                                         -              1 3 3 3 3 3 3 3 3 . . 3 3
DELETE /courier/session                                       -              1 3 3 3 3 3 3 3 3 . . 3 3

GET    /district/audit                                        -              1 3 3 3 3 3 3 3 3 3 3 . 3
POST   /district/points/<code>/evacuate                       -              1 3 3 3 3 3 3 3 3 3 3 . 3
POST   /district/points/<code>/call-back                      -              1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /district/wait-errors                                  -              1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /district/reconciliation                               -              1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /district/parcel-tasks                                 -              1 3 3 3 3 3 3 3 3 3 3 . 3
POST   /district/points/<code>/closure                        -              1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /district/closures                                     -              1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /district/closures/<closure_id>                        closure        1 3 3 3 3 3 3 3 3 3 3 . 3
POST   /district/closures/<closure_id>/lift                   closure        1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /district/reseatings/<reseating_id>                    reseating      1 3 3 3 3 3 3 3 3 3 3 . 3
POST   /district/reseatings/<reseating_id>/called             reseating      1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /district/oddities                                     -              1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /district/moved-deadlines                              -              1 3 3 3 3 3 3 3 3 3 3 . 3
GET    /admin/points/<code>                                   -              1 3 3 3 3 3 3 3 3 3 3 3 .
PUT    /admin/points/<code>                                   -              1 3 3 3 3 3 3 3 3 3 3 3 .
GET    /admin/points/<code>/templates                         -              1 3 3 3 3 3 3 3 3 3 3 3 .
PUT    /admin/points/<code>/templates                         -              1 3 3 3 3 3 3 3 3 3 3 3 .
GET    /admin/items                                           -              1 3 3 3 3 3 3 3 3 3 3 3 .
PUT    /admin/lockers/<locker_code>                           -              1 3 3 3 3 3 3 3 3 3 3 3 .
PUT    /admin/calendar/<day>                                  -              1 3 3 3 3 3 3 3 3 3 3 3 .
PUT    /admin/calendar/years/<year>                           -              1 3 3 3 3 3 3 3 3 3 3 3 .
"""  # noqa: E501 - a table is read across


def rows():
    """Return `(method, path, thing, {actor: outcome})` for each line."""
    lines = [line.split() for line in TABLE.splitlines() if line[:1].isalpha()]
    return [
        (method, path, thing, dict(zip(ACTORS, outcomes, strict=True)))
        for method, path, thing, *outcomes in lines
    ]
