"""What docs/staff.md says that the walk does not do in the browser, and the test that shows it.

By the sentence's beginning. The walk (`test_staff_guide.py`) demands that each sentence of the
sections below is quoted where it is tried, or stands here with a test that is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXPLAINED: Final = "it explains, and says nothing that a page does"

SHOWN_BY: Final[Mapping[str, Mapping[str, str]]] = {
    "Your account": {
        "The host sends you a link.": EXPLAINED,
        "1.": EXPLAINED,
        "Install an app for one-time": EXPLAINED,
        "Aegis, 2FAS": EXPLAINED,
        "Many password managers": EXPLAINED,
        "Your phone, your computer": "web/test_passkeys.py::test_instead_of_an_app",
        "It does so on this site alone": (
            "web/test_passkeys.py::test_gets_no_challenge_from_another_site"
        ),
        "It takes a browser with JavaScript": (
            "browser/test_passkeys.py::test_without_scripts_an_app_is_the_way"
        ),
        "Write them down": "web/test_second_factor.py::test_no_secret_is_kept_in_clear",
        "Each code works once": "web/test_second_factor.py::test_a_code_works_once",
        "What weighs most asks": "web/test_second_factor.py::test_each_form_about_staff_asks",
        "What you typed into a form is not lost": (
            "web/test_second_factor.py::test_what_was_typed_goes_on_with_the_code"
        ),
        "Each time you are signed out": "web/test_second_factor.py::test_another_app",
        "No recovery code left?": EXPLAINED,
        "Whoever makes it must be sure": EXPLAINED,
        "The link works once, within 24": (
            "web/test_second_factor.py::test_it_ends_after_a_day_and_nothing_revives_it"
        ),
        "What you had, the app and every": (
            "web/test_second_factor.py::test_the_old_factor_stays_until_there_is_a_new_one"
        ),
        "Nobody makes such a link": "web/test_second_factor.py::test_what_it_refuses_it_says",
        "A link to a new password asks": (
            "web/test_second_factor.py::test_a_stolen_password_gets_nowhere"
        ),
        "**How many tries there are.**": (
            "services/test_signing_in.py::test_the_owner_comes_in_at_once_on_a_known_device"
        ),
        "All other browsers together": (
            "services/test_signing_in.py::test_many_at_once_get_five_places"
        ),
        "When they are used up": "web/test_staff.py::test_five_tries_a_minute",
        "A try that the page turned away": (
            "services/test_signing_in.py::test_refused_tries_do_not_count"
        ),
        "So:": EXPLAINED,
        "Somebody who types your address": (
            "services/test_signing_in.py::test_one_wrong_try_every_eight_seconds_keeps_nobody_out"
        ),
        "Somebody with a hundred connections": (
            "services/test_signing_in.py::test_the_owner_comes_in_on_a_new_device"
        ),
        "If you cannot wait": "web/test_staff.py::test_the_link_works_once",
        "Codes of the second factor have": (
            "web/test_second_factor.py::test_five_wrong_ones_a_minute_and_a_known_browser_has_its_own"
        ),
        "In browsers that have not signed in": (
            "web/test_second_factor.py::test_thirty_a_day_and_a_letter_after_five"
        ),
        "After five wrong ones an email": (
            "web/test_second_factor.py::test_thirty_a_day_and_a_letter_after_five"
        ),
        "A passkey has no limit by the day": (
            "services/test_passkeys.py::test_they_have_the_places_of_codes"
        ),
        "Ten wrong ones in a row": (
            "web/test_second_factor.py::test_a_known_browser_that_guesses_is_a_stranger"
        ),
        "“Many people are signing in”": (
            "web/test_staff.py::test_who_gets_no_turn_is_sent_away_and_not_counted"
        ),
        "Press the button again": (
            "web/test_staff.py::test_who_gets_no_turn_is_sent_away_and_not_counted"
        ),
        "Your browser is remembered": (
            "services/test_signing_in.py::test_a_device_is_forgotten_when_it_stays_away"
        ),
        "It holds a random number": "web/test_staff.py::test_a_stolen_device_cookie_opens_nothing",
        "A new link, another app": (
            "services/test_signing_in.py::test_a_new_password_makes_every_device_a_stranger"
        ),
        "One browser remembers one": (
            "services/test_signing_in.py::test_a_device_is_its_accounts_alone"
        ),
        "Passwords that were right": (
            "web/test_staff.py::test_the_audit_log_has_what_was_done_and_wrong_tries_are_a_number"
        ),
        "Wrong passwords are only counted": (
            "services/test_signing_in.py::test_they_are_shown_for_a_month_and_kept_for_three"
        ),
        "What was typed is kept nowhere": (
            "web/test_staff.py::test_what_strangers_typed_is_kept_nowhere"
        ),
        "Password forgotten": EXPLAINED,
        "Ask the host for a new link": EXPLAINED,
        "It sets a new password": (
            "web/test_staff.py::test_a_new_invitation_ends_what_was_open_under_the_old_password"
        ),
        "Whoever leaves the team": EXPLAINED,
    },
    "Roles": {
        "Who may do what is said": (
            "web/test_staff_people.py::test_a_role_is_changed_added_and_taken_away"
        ),
        "A role is held on one": (
            "web/test_staff_people.py::test_a_role_is_changed_added_and_taken_away"
        ),
        "On a campaign that somebody": (
            "web/test_staff_permissions.py::test_one_sees_ones_own_campaigns_by_their_titles"
        ),
        "Four rights stand apart": (
            "web/test_staff_people.py::test_a_right_beside_the_role_opens_what_it_is_for"
        ),
        "Each can be given": (
            "web/test_staff_people.py::test_a_right_beside_the_role_opens_what_it_is_for"
        ),
        "An editor who has it": (
            "web/test_staff_people.py::test_a_right_beside_the_role_opens_what_it_is_for"
        ),
        "Whoever does not see personal": "web/test_staff_permissions.py::test_no_cell_is_under_ten",
        "Where people signed is then": "web/test_staff_permissions.py::test_no_cell_is_under_ten",
        "The list of downloaded files": (
            "web/test_staff_permissions.py::test_no_answer_has_a_name_an_address_or_a_comment"
        ),
        "If another owner changed": "web/test_edit_conflicts.py::test_what_somebody_may_do",
        "So do the lists of the target's": "web/test_edit_conflicts.py::test_a_list_of_domains",
        "The last owner of everything": "web/test_staff_people.py::test_the_last_owner_stays",
        "Each change is in the audit": "web/test_audit.py::test_each_of_them_leaves_it",
        "By command, for the host": (
            "cli/test_commands.py::test_an_invitation_for_one_campaign_with_a_right_beside_the_role"
        ),
        "`--also` takes": (
            "cli/test_commands.py::test_an_invitation_for_one_campaign_with_a_right_beside_the_role"
        ),
        "Inviting who has an account": (
            "web/test_staff_people.py::test_an_invitation_is_shown_once_and_works"
        ),
        "Which role opens which": (
            "project/test_access_rules.py::test_the_committed_matrix_is_what_the_code_says"
        ),
        "Give people the smallest": EXPLAINED,
    },
    "Reading the numbers": {
        "The first page lists": (
            "web/test_staff_permissions.py::test_one_sees_ones_own_campaigns_by_their_titles"
        ),
        "A petition is a **draft**": (
            "cli/test_commands.py::test_a_campaign_is_loaded_listed_opened_and_closed"
        ),
        "It is put together every": (
            "services/test_console_figures.py"
            "::test_they_stay_as_they_were_counted_and_the_page_says_when"
        ),
        "On a campaign with very many": (
            "services/test_console_figures.py"
            "::test_they_stay_as_they_were_counted_and_the_page_says_when"
        ),
        "To count there and then": "cli/test_commands.py::test_count_in_words",
        "`petition count amazon`.": "cli/test_commands.py::test_count_in_words",
        "An erased signature is in none": (
            "journeys/test_changes_their_mind.py::test_an_hour_after_withdrawing_everything_is_gone"
        ),
        "One address can sign": "journeys/test_signs_twice.py::test_confirmed_first_then_again",
        "Pending ones are people": EXPLAINED,
        "Many pending at once": EXPLAINED,
        "**By partner** is there": (
            "web/test_staff_partners.py::test_numbers_by_partner_follow_the_rule_of_small_cells"
        ),
        "The same numbers by command": "cli/test_commands.py::test_count_as_csv",
        "The last one counts": "cli/test_commands.py::test_a_recount_repairs_and_says_so",
    },
    "Names and comments": {
        "Some people choose": (
            "services/test_moderation.py::test_only_who_chose_it_and_confirmed_waits"
        ),
        "Their names and comments stand": "web/test_public_names.py::test_what_is_read_there",
        "Until then nobody sees": (
            "web/test_public_names.py::test_the_way_there_is_shown_once_there_is_something"
        ),
        "The petition's own page shows": (
            "web/test_public_names.py::test_three_comments_and_first_names_in_the_order_of_approval"
        ),
        "On each page of names": "web/test_public_names.py::test_what_is_read_there",
        "**What you show appears": (
            "web/test_public_names.py::test_what_is_approved_appears_at_one_time_of_the_day"
        ),
        "A name that appeared minutes": EXPLAINED,
        "**Two of you at once.**": (
            "services/test_review_queue.py::test_two_who_read_at_once_are_shown_different_names"
        ),
        "When you decide, skip": (
            "services/test_review_queue.py::test_what_one_goes_past_is_free_at_once"
        ),
        "If somebody else decided": "services/test_review_queue.py::test_the_first_decision_stands",
        "What somebody else has decided": (
            "services/test_review_undo.py::test_what_somebody_else_decided_since_stays"
        ),
        "**Keys.** One name is marked.": "browser/test_moderation.py::test_keys",
        "Keys do nothing while": "browser/test_moderation.py::test_keys",
        "A box on the page": "browser/test_moderation.py::test_keys",
        "Where signing is a risk": EXPLAINED,
        "Leave it out when it tells": EXPLAINED,
        "A comment that is only clumsy": EXPLAINED,
        "Never shown, whatever": "web/test_public_names.py::test_what_is_read_there",
        "Names stand in the order": (
            "web/test_public_names.py::test_the_order_of_signing_does_not_show"
        ),
        "Search engines are told": "web/test_public_names.py::test_finders_leave_it_out",
        "You can change your mind": (
            "services/test_moderation.py::test_a_decision_can_be_changed_and_keeps_its_place"
        ),
        "The person gets no email": (
            "journeys/test_changes_their_mind.py::test_sees_all_that_is_held"
        ),
        "Each decision is in the audit": (
            "services/test_moderation.py"
            "::test_each_decision_stands_in_the_audit_log_and_names_nobody"
        ),
        "Whoever corrects their name": (
            "services/test_moderation.py::test_a_corrected_name_waits_again"
        ),
        "Whoever withdraws, erases": (
            "web/test_public_names.py::test_whoever_leaves_is_gone_from_the_page"
        ),
        "By command, with the number": "cli/test_moderation.py::test_deciding",
        "What a command lists is yours": (
            "cli/test_moderation.py::test_what_somebody_else_reads_is_left_to_them"
        ),
        "A command decides about": EXPLAINED,
        "`undo` takes back": "cli/test_moderation.py::test_the_last_command_is_undone",
    },
    "What everyone sees": {
        "**The goal moves on.**": (
            "domain/test_milestones.py"
            "::test_the_goal_is_always_ahead_and_never_below_the_campaigns_own"
        ),
        "When the count reaches it": (
            "domain/test_milestones.py::test_a_goal_that_is_on_no_ladder_gets_onto_it"
        ),
        "Nobody has to do anything.": EXPLAINED,
        "The console and `petition": (
            "cli/test_commands.py::test_a_campaign_is_loaded_listed_opened_and_closed"
        ),
        "**Where people sign.**": (
            "services/test_country_figures.py"
            "::test_countries_of_ten_and_more_in_tens_and_the_rest_together"
        ),
        "It is made so that it gives": (
            "services/test_country_figures.py"
            "::test_a_hundred_come_one_by_one_and_who_reads_every_page_learns_of_none"
        ),
        "Each figure is rounded": (
            "services/test_country_figures.py"
            "::test_countries_of_ten_and_more_in_tens_and_the_rest_together"
        ),
        "It is looked at anew": "services/test_country_figures.py::test_at_most_once_a_day",
        "The date stands below": "services/test_country_figures.py::test_at_most_once_a_day",
        "In a quiet week": "services/test_country_figures.py::test_only_once_ten_have_come_since",
        "A figure may be ten": (
            "services/test_country_figures.py::test_only_once_ten_have_come_since"
        ),
        "The true numbers are": EXPLAINED,
        "“one more from Luxembourg": EXPLAINED,
        "**When you close a petition**": "web/test_staff_opening.py::test_closed_and_opened_again",
        "Names can still be read": "web/test_staff_opening.py::test_closed_and_opened_again",
        "Whoever has the form open": "web/test_staff_opening.py::test_closed_and_opened_again",
        "Opened again, it is": "web/test_staff_opening.py::test_closed_and_opened_again",
    },
    "Opening and closing": {
        "For owners, and for who has": "web/test_staff_opening.py::test_it_takes_the_right",
        "One click does it": "web/test_staff_opening.py::test_closed_and_opened_again",
        "If somebody else was quicker": (
            "web/test_staff_opening.py::test_who_comes_second_changes_and_notes_nothing"
        ),
        "It stands in the audit log.": (
            "web/test_staff_opening.py::test_who_comes_second_changes_and_notes_nothing"
        ),
    },
    "Taking a list out": {
        "A page says how far": (
            "services/test_kept_file.py::test_it_says_how_far_it_is_from_the_beginning_to_the_end"
        ),
        "If somebody in it withdraws": (
            "services/test_kept_file.py::test_a_reader_who_leaves_takes_all_of_it_along"
        ),
        "Your reason is not": EXPLAINED,
        "Write what an auditor": EXPLAINED,
        "“count by region": EXPLAINED,
        "The file's name says": (
            "services/test_kept_file.py::test_the_file_is_the_one_that_the_ledger_knows"
        ),
        "It shows twenty lists": "services/test_console_figures.py::test_the_ledger_has_pages",
        "The SHA-256 is the file's": "services/test_csv_file.py::test_the_ledger_knows_the_file",
        "`sha256sum FILE` on": "services/test_csv_file.py::test_the_ledger_knows_the_file",
        "A line with a SHA-256": (
            "services/test_csv_file.py::test_a_file_that_was_cut_off_stays_unfinished"
        ),
        "Who is in the list": (
            "services/test_csv_file.py::test_a_file_that_was_cut_off_stays_unfinished"
        ),
        "By command you can": "cli/test_commands.py::test_an_export_into_a_file",
        "`--age-recipient": (
            "services/test_partner_lists.py::test_any_other_list_can_be_encrypted_too"
        ),
        "`--state` takes": "services/test_csv_file.py::test_states_can_be_chosen",
        "It does not go together": (
            "cli/test_commands.py::test_the_targets_list_is_of_all_who_agreed_or_none"
        ),
        "Who withdrew is in no": "services/test_csv_file.py::test_states_can_be_chosen",
        "The ledger keeps what": "cli/test_commands.py::test_an_export_takes_what_was_asked_for",
        "**Who may get what:**": EXPLAINED,
        "News only to rows": EXPLAINED,
        "A name in public only": EXPLAINED,
        "A petition that asks more": (
            "journeys/test_a_further_question.py"
            "::test_from_the_form_to_my_page_the_copy_and_the_list"
        ),
        "`meetings_consent` for": (
            "journeys/test_a_further_question.py"
            "::test_from_the_form_to_my_page_the_copy_and_the_list"
        ),
        "It holds the last answer": (
            "journeys/test_a_further_question.py"
            "::test_from_the_form_to_my_page_the_copy_and_the_list"
        ),
        "If somebody sent several": (
            "services/test_moderation.py::test_the_form_that_was_confirmed_is_the_one_that_is_read"
        ),
    },
    "What goes to the target": {
        "That file holds only": (
            "services/test_csv_file.py"
            "::test_the_target_receives_names_of_those_who_agreed_and_no_more"
        ),
        "Beside them stands a": (
            "services/test_csv_file.py::test_the_targets_columns_are_what_the_consent_says"
        ),
        "It is made anew for each": (
            "services/test_csv_file.py::test_the_targets_file_tells_no_time_and_no_order"
        ),
        "No number, no time": (
            "services/test_csv_file.py::test_the_targets_file_tells_no_time_and_no_order"
        ),
        "**Never send the target": EXPLAINED,
        "The number of all confirmed": EXPLAINED,
        "**Long lists take two.**": (
            "web/test_second_person.py::test_the_second_person_agrees_and_the_first_makes_it_once"
        ),
        "A request and its approval": "web/test_second_person.py::test_it_ends_after_a_day",
        "Who asked, who decided": (
            "web/test_second_person.py::test_the_second_person_agrees_and_the_first_makes_it_once"
        ),
    },
    "Which emails go out": {
        "The program writes these": (
            "project/test_documentation.py::test_staff_read_of_every_email_that_people_get"
        ),
        "None says what": "mail/test_letters.py::test_nothing_tells_what_it_is_about",
        "So do not put": EXPLAINED,
        "Nothing goes to who": "worker/test_owed.py::test_a_blocked_address_gets_none",
        "Who unsubscribed gets": (
            "worker/test_owed.py::test_who_unsubscribed_gets_what_they_ask_for_and_nothing_else"
        ),
        "Beside these, targets": EXPLAINED,
    },
    "When somebody writes to you": {
        "Most people need nobody:": EXPLAINED,
        "It opens everything that": (
            "journeys/test_changes_their_mind.py::test_sees_all_that_is_held"
        ),
        "Point them there first.": EXPLAINED,
        "**“What do you hold about": "journeys/test_changes_their_mind.py::test_takes_a_copy_along",
        "Whose mailbox is gone": (
            "web/test_staff_signatures.py::test_an_erasure_is_marked_and_cancelled_or_done"
        ),
        "Answer within a month": EXPLAINED,
        "**“I got no email.”**": EXPLAINED,
        "A mailbox gets three": (
            "worker/test_letters.py::test_the_fourth_letter_of_a_day_is_withheld"
        ),
        "**“I do not follow links.”**": "journeys/test_types_the_code.py::test_on_another_device",
        "*/en/code*, with": (
            "journeys/test_types_the_code.py::test_the_address_in_the_letter_opens_in_its_language"
        ),
        "**“Someone entered my": (
            "services/test_mailbox_limits.py::test_it_stops_all_tags_and_campaigns_for_good"
        ),
        "What they confirmed themselves": (
            "services/test_mailbox_limits.py"
            "::test_what_waited_elsewhere_goes_and_what_was_confirmed_stays"
        ),
        "The same page lifts": (
            "services/test_mailbox_limits.py::test_lifted_it_may_be_written_to_again"
        ),
        "Nothing is counted without": (
            "journeys/test_never_confirms.py::test_one_reminder_and_then_nothing_is_left"
        ),
        "**“I do not want news": (
            "journeys/test_unsubscribes.py::test_the_page_has_a_button_and_changes_nothing"
        ),
        "Then take them off": EXPLAINED,
        "This version sends": EXPLAINED,
        "Of a list for the target": (
            "services/test_csv_file.py::test_the_targets_columns_are_what_the_consent_says"
        ),
        "Take these rows out": EXPLAINED,
        "It names nobody": EXPLAINED,
        "**Withdrawing** takes": (
            "journeys/test_changes_their_mind.py::test_withdraws_with_one_button"
        ),
        "For one hour the same": (
            "journeys/test_changes_their_mind.py::test_undoes_a_withdrawal_with_one_click"
        ),
        "Then everything is erased": (
            "journeys/test_changes_their_mind.py::test_an_hour_after_withdrawing_everything_is_gone"
        ),
        "Do not tell anybody": EXPLAINED,
        "The pages do not tell": (
            "journeys/test_works_for_the_target.py::test_her_employer_cannot_find_out_by_trying"
        ),
    },
    "Looking up a signature": {
        "The list has no name and no address": (
            "web/test_staff_signatures.py::test_the_list_has_nothing_that_was_typed"
        ),
        "So you can look for a wave": EXPLAINED,
        "However the address is spelled": (
            "web/test_staff_signatures.py::test_one_is_found_by_the_whole_address_however_spelled"
        ),
        "A part of an address finds nothing": (
            "web/test_staff_signatures.py::test_a_part_of_an_address_finds_nobody"
        ),
        "That you searched stands in": (
            "web/test_staff_signatures.py"
            "::test_each_search_stands_in_the_log_hit_or_not_and_names_nobody"
        ),
        "The same address always has the same code": (
            "web/test_staff_signatures.py"
            "::test_each_search_stands_in_the_log_hit_or_not_and_names_nobody"
        ),
        "**Filter the list** by day": (
            "web/test_staff_signatures.py::test_it_is_filtered_and_sorted"
        ),
        "Who of you did what stands there": (
            "web/test_staff_signatures.py"
            "::test_who_of_staff_it_was_is_told_to_readers_of_the_log_alone"
        ),
        "The person sees on their own page": (
            "web/test_staff_signatures.py::test_opening_one_is_seen_by_its_person_and_in_the_log"
        ),
        "So open only what you need.": EXPLAINED,
        "By command, for the host": (
            "cli/test_signatures.py::test_finding_by_an_address_that_is_asked_for"
        ),
    },
    "Holding and rejecting a signature": {
        "For signatures that look": EXPLAINED,
        "Nothing has happened yet:": "web/test_staff_signatures.py::test_it_can_be_cancelled",
        "What was counted is what": (
            "services/test_bulk_actions.py"
            "::test_what_has_changed_since_it_was_counted_is_left_alone"
        ),
        "The list shows what was done": (
            "web/test_staff_signatures.py::test_many_are_held_counted_first_and_undone"
        ),
        "By command, with the number": (
            "cli/test_commands.py::test_a_signature_is_held_released_and_rejected"
        ),
        "**Hold** takes it out": (
            "cli/test_commands.py::test_a_signature_is_held_released_and_rejected"
        ),
        "**Reject** takes it out": (
            "cli/test_commands.py::test_a_signature_is_held_released_and_rejected"
        ),
        "**Restore** leads both": "cli/test_signatures.py::test_a_rejected_one_is_restored",
        "The count follows within": (
            "journeys/test_links.py::test_a_click_moves_nothing_that_staff_or_its_owner_took_out"
        ),
        "Lists that a rejected one": (
            "services/test_console_figures.py"
            "::test_what_a_list_must_let_go_of_is_as_many_as_its_recall_list_names"
        ),
        "**Erase** is for owners": (
            "web/test_staff_signatures.py::test_an_erasure_is_nobodys_who_may_not_erase"
        ),
        "Make sure first": EXPLAINED,
        "Then all of it is deleted": (
            "services/test_bulk_actions.py::test_an_erasure_waits_for_an_hour"
        ),
        "**What the person sees.**": (
            "journeys/test_changes_their_mind.py::test_who_is_held_back_reads_why_and_how_to_object"
        ),
        "On the page of their own": (
            "journeys/test_changes_their_mind.py::test_who_is_held_back_reads_why_and_how_to_object"
        ),
        "Look at it again": EXPLAINED,
        "What the host types": (
            "journeys/test_asks_for_a_link.py"
            "::test_the_reason_why_somebody_was_held_is_shown_to_them"
        ),
        "Each move is in the audit": (
            "services/test_bulk_actions.py::test_each_move_stands_in_the_log_by_number"
        ),
    },
    "The target's own mail": {
        "People who work for the target": EXPLAINED,
        "So there is a list": EXPLAINED,
        "An address on it is not taken": (
            "journeys/test_works_for_the_target.py"
            "::test_her_employers_mail_is_turned_down_before_anything_is_stored"
        ),
        "No email goes there either": (
            "services/test_target_domains.py::test_no_letter_goes_to_a_mailbox_of_the_targets"
        ),
        "The list comes from": (
            "services/test_target_domains.py"
            "::test_loading_adds_what_is_new_and_leaves_staffs_word_alone"
        ),
        "By command:": "cli/test_domains.py::test_it_adds_and_removes_and_prints_what_is_then",
        "`ring.com` means that domain": (
            "domain/test_target_domains.py::test_what_lies_below_a_domain_belongs_with_it"
        ),
        "`amazon.*` means that name": (
            "domain/test_target_domains.py::test_what_belongs_to_the_target"
        ),
        "A change counts from the next form": (
            "web/test_staff_target_domains.py::test_a_domain_is_added_and_counts_at_once"
        ),
        "What you take off stays off": (
            "services/test_target_domains.py"
            "::test_loading_adds_what_is_new_and_leaves_staffs_word_alone"
        ),
        "What a new version of the files adds": (
            "services/test_target_domains.py"
            "::test_loading_adds_what_is_new_and_leaves_staffs_word_alone"
        ),
        "Domains where people everywhere": (
            "services/test_target_domains.py::test_what_is_refused_is_not_kept"
        ),
    },
    "Emails to the targets": {
        "What you set stays when": (
            "worker/test_message_targets.py::test_what_staff_set_stays_after_loading"
        ),
        "The target never gets an address.": (
            "worker/test_messages.py::test_each_is_sent_once_in_office_hours"
        ),
        "**Tell those who asked** sends": (
            "worker/test_answer_letters.py::test_each_gets_each_answer_once_in_their_language"
        ),
        "Web addresses in it lose": (
            "mail/test_answer_text.py::test_its_links_name_no_reader_and_a_line_warns"
        ),
        "This takes the right": "web/test_staff_messages.py::test_who_may_do_what",
        "Where more than 100 would be told": (
            "web/test_staff_messages.py::test_to_tell_many_that_a_target_is_left_takes_two"
        ),
        "The end of a queue follows": (
            "worker/test_message_targets.py::test_the_forecast_keeps_caps_and_office_hours"
        ),
        "**Download the CSV file** has": (
            "web/test_staff_messages.py::test_numbers_are_taken_out_in_tens_and_noted"
        ),
        "A target that gets a digest": (
            "worker/test_digests.py::test_it_waits_for_ten_and_goes_once_a_day"
        ),
        "Publish what is meant": "web/test_staff_messages.py::test_an_answer_to_all_is_published",
        "What is queued for it still": (
            "web/test_staff_messages.py"
            "::test_what_is_queued_for_who_agreed_is_cancelled_if_staff_say_so"
        ),
        "The box says how many": (
            "web/test_staff_messages.py"
            "::test_what_is_queued_for_who_agreed_is_cancelled_if_staff_say_so"
        ),
        "Over 100 of them cannot": (
            "web/test_staff_messages.py"
            "::test_what_is_queued_for_who_agreed_is_cancelled_if_staff_say_so"
        ),
        "One email to several targets": (
            "worker/test_messages_together.py"
            "::test_who_agreed_or_was_replaced_is_left_out_and_who_wrote_is_told"
        ),
        "Two weeks after their email": (
            "worker/test_message_targets.py"
            "::test_two_weeks_later_each_is_asked_once_but_who_wants_no_more_emails"
        ),
        "Whoever says that nothing came": (
            "web/test_staff_messages.py"
            "::test_two_weeks_later_a_supporter_says_what_came_and_writes_again"
        ),
    },
    "Partners": {
        "An organisation can show": (
            "web/test_embed.py::test_a_signature_in_a_frame_counts_for_its_partner"
        ),
        "It learns only of people": (
            "services/test_partner_opt_ins.py::test_a_yes_counts_once_the_address_is_confirmed"
        ),
        "Or by command:": "cli/test_partners.py::test_adding_prints_what_is_pasted",
        "The law (GDPR, Article 26)": EXPLAINED,
        "It works once": (
            "web/test_partner_arrangement.py"
            "::test_an_old_link_and_one_for_other_terms_accept_nothing"
        ),
        "Until then the partner's sites": (
            "web/test_embed.py::test_without_a_live_key_there_is_a_link_and_no_form"
        ),
        "If you change the arrangement": (
            "web/test_partner_question.py"
            "::test_new_terms_take_the_question_off_until_they_are_accepted"
        ),
        "Who asks and its privacy notice": (
            "web/test_partner_question.py::test_the_frame_asks_it_unticked_with_who_asks"
        ),
        "A new text changes nothing": (
            "web/test_partner_question.py::test_new_words_change_nobodys_answer"
        ),
        "People see what they said": (
            "web/test_partner_question.py::test_from_the_form_to_the_list_and_back"
        ),
        "Nobody's name is shared": (
            "services/test_partner_opt_ins.py::test_a_yes_to_one_partner_is_none_to_another"
        ),
        "By command:": "cli/test_partners.py::test_its_list_leaves_encrypted_to_its_key",
        "`petition partner terms": "project/test_documentation.py::test_every_option_is_documented",
        "Who said yes to a partner": (
            "services/test_partner_lists.py::test_it_holds_who_said_yes_and_what_was_arranged"
        ),
        "It leaves only encrypted": (
            "services/test_partner_lists.py::test_nothing_is_written_in_clear"
        ),
        "The same way it changes one": (
            "services/test_partner_lists.py::test_another_key_is_another_acceptance"
        ),
        "People see each of these lists": (
            "services/test_partner_lists.py::test_the_person_sees_each_disclosure"
        ),
        "Who takes the yes back": (
            "services/test_partner_lists.py"
            "::test_who_left_since_is_called_back_by_the_partners_reference"
        ),
        "The key in these lines": EXPLAINED,
        "The form can only be shown": (
            "web/test_embed.py::test_only_its_partners_sites_may_show_a_frame"
        ),
        "A site that is missing": EXPLAINED,
        "What was signed stays.": (
            "web/test_staff_partners.py::test_a_partner_is_made_blocked_and_goes_on"
        ),
        "How many signed with each partner": (
            "web/test_staff_partners.py::test_numbers_by_partner_follow_the_rule_of_small_cells"
        ),
        "A picture or plain link": (
            "web/test_staff_partners.py"
            "::test_what_is_pasted_stands_there_in_the_language_that_is_chosen"
        ),
        "There stand the lines to paste": (
            "web/test_partner_page.py::test_numbers_are_tens_and_move_once_a_day"
        ),
        "You see its exact number": (
            "web/test_partner_page.py::test_staff_add_and_remove_sections_and_count_them"
        ),
        "Removing it takes the name": (
            "web/test_partner_page.py::test_staff_add_and_remove_sections_and_count_them"
        ),
        "Nothing about its visitors": (
            "web/test_refused_forms.py"
            "::test_staff_see_which_site_asked_with_a_blocked_or_unknown_key"
        ),
        "What a partner has to know": (
            "web/test_partners_guide.py::test_each_line_is_one_that_the_program_gives"
        ),
    },
    "Webhooks": {
        "Owners only.": (
            "web/test_crawl_by_role.py::test_nothing_that_is_shown_is_refused_or_broken"
        ),
        "What the program's author needs": (
            "worker/test_webhooks.py::test_what_the_documentation_shows_verifies_a_message"
        ),
        "A partner's is told of people": (
            "worker/test_webhooks.py::test_a_partner_is_told_only_of_who_said_yes_to_it"
        ),
        "They read on their own page": (
            "worker/test_webhooks.py"
            "::test_a_withdrawal_that_no_program_takes_is_shown_to_its_person"
        ),
        "A program that does not answer": (
            "worker/test_webhooks.py::test_a_receiver_that_is_down_for_a_day_loses_nothing"
        ),
        "Owners get an email when": (
            "worker/test_webhooks.py::test_after_three_days_and_two_warnings_it_is_shut_off"
        ),
        "What waits for more than 30 days": (
            "worker/test_webhooks.py::test_old_rows_go_after_a_month"
        ),
        "The page says when a withdrawal": (
            "web/test_staff_webhooks.py::test_an_erasure_that_waits_for_three_days_is_shown"
        ),
        "While everything is closed": (
            "worker/test_webhooks.py::test_while_all_is_closed_nothing_leaves"
        ),
    },
    "Tokens of the API": {
        "Owners only.": (
            "web/test_api_tokens.py::test_a_wrong_form_is_kept_and_nobody_else_makes_tokens"
        ),
        "Where long lists take a second": (
            "web/test_api_tokens.py::test_a_day_has_as_many_people_as_one_person_may_take_out_alone"
        ),
        "A partner that is blocked": (
            "web/test_api_tokens.py::test_a_blocked_partner_reads_nobody_and_still_learns_who_left"
        ),
        "Who has left it still reads": (
            "web/test_api_tokens.py::test_a_blocked_partner_reads_nobody_and_still_learns_who_left"
        ),
    },
    "Limits by sender": {
        "A sender is one address": (
            "web/test_limits.py::test_addresses_of_one_network_are_one_sender"
        ),
        "Nobody can see who a sender is": (
            "services/test_senders.py::test_a_days_hashes_go_with_its_key_an_hour_after_midnight"
        ),
        "A few hundred are an office": EXPLAINED,
        "They see no difference": (
            "web/test_limits.py::test_past_the_first_limit_forms_are_taken_and_their_letters_wait"
        ),
        "Who is refused gets the form back": (
            "web/test_limits.py::test_past_the_second_limit_the_form_comes_back_as_it_was_typed"
        ),
        "Ask whoever runs the Wi-Fi": EXPLAINED,
    },
    "The audit log": {
        "*Owners only.* **Audit log**, on": (
            "web/test_audit.py::test_of_every_route_it_is_said_what_it_leaves_in_the_log"
        ),
        "It names staff": "web/test_audit.py::test_each_of_them_leaves_it",
        "Nothing that a stranger typed": (
            "web/test_audit.py::test_what_strangers_type_never_gets_in"
        ),
        "Rows are never changed.": (
            "store/test_audit_chain.py::test_what_is_done_past_the_service_is_named"
        ),
        "Whoever runs the server can delete": "cli/test_audit.py::test_old_rows_are_pruned",
        "“Tried to open a page” is": "web/test_audit.py::test_what_somebody_may_not_open_is_noted",
        "One is a slip.": EXPLAINED,
        "Many in a row are somebody": EXPLAINED,
        "The first hundred of a person": "web/test_audit.py::test_a_loop_does_not_fill_the_log",
        "**Is the log whole?** Each row": (
            "store/test_audit_chain.py::test_under_another_key_nothing_fits"
        ),
        "If it says no": "web/test_audit.py::test_it_says_whether_it_is_whole",
        "**People see that you looked.**": (
            "web/test_audit.py::test_a_person_sees_on_which_day_which_role_read_their_name"
        ),
        "It never says who of you": (
            "web/test_audit.py::test_a_person_sees_on_which_day_which_role_read_their_name"
        ),
        "**Many signatures opened.**": (
            "services/test_record_views.py::test_thirty_are_a_days_work_and_one_more_is_told"
        ),
        "Often there is a reason": EXPLAINED,
        "The queue of names and comments": (
            "services/test_record_views.py::test_each_is_noted_for_staff_and_for_the_signer"
        ),
    },
    "Closing everything": {
        "*Owners only.* For the moment": "web/test_staff_panic.py::test_it_is_the_owners_alone",
        "links that nobody has used": (
            "services/test_panic.py::test_everything_is_closed_and_written_down"
        ),
        "lists that wait to be downloaded": (
            "services/test_panic.py::test_everything_is_closed_and_written_down"
        ),
        "emails and lists are paused.": "services/test_panic.py::test_letters_wait_and_go_on",
        "People can still sign": "services/test_panic.py::test_letters_wait_and_go_on",
        "signatures that are marked": (
            "services/test_bulk_actions.py::test_while_everything_is_closed_nothing_is_erased"
        ),
        "Do not wait for long": "journeys/test_links.py::test_an_expired_link",
        "Whoever runs the server can": (
            "project/test_documentation.py::test_every_command_is_documented"
        ),
    },
    "Opening the file": {
        "The file is plain text": "services/test_csv_file.py::test_the_file_is_plain_csv",
        "In LibreOffice:": EXPLAINED,
        "*File → Open*": EXPLAINED,
        "Unicode (UTF-8)": EXPLAINED,
        "Comma*, and": EXPLAINED,
        "Click into the table": EXPLAINED,
        "Text*, so that": EXPLAINED,
        "Then *OK*": EXPLAINED,
        "**Excel** takes": (
            "services/test_csv_file.py::test_for_excel_there_is_a_mark_and_the_ledger_knows_it"
        ),
        "LibreOffice opens": EXPLAINED,
        "For a program that reads": EXPLAINED,
        "The SHA-256 in the ledger": (
            "services/test_csv_file.py::test_for_excel_there_is_a_mark_and_the_ledger_knows_it"
        ),
        "Some cells begin": (
            "services/test_csv_file.py::test_no_cell_of_mallorys_runs_in_a_spreadsheet"
        ),
        "`'=1+1`": "services/test_csv_file.py::test_no_cell_of_mallorys_runs_in_a_spreadsheet",
        "The export puts it before": "domain/test_spreadsheet.py::test_whatever_may_run_is_guarded",
        "Leave it there.": EXPLAINED,
        "A program that reads the file gets": (
            "domain/test_spreadsheet.py::test_the_guard_comes_off_as_it_went_on"
        ),
        "Keep the file on": EXPLAINED,
    },
    "What the form asks people": {
        "Two things are asked about": (
            "web/test_form_warnings.py::test_both_are_asked_about_at_once"
        ),
        "Whoever presses the button": "web/test_form_warnings.py::test_one_press_more_signs",
        "**A slip in": "web/test_form_warnings.py::test_it_is_asked_about_and_nothing_is_stored",
        "A button signs with": (
            "web/test_form_warnings.py::test_what_is_offered_is_checked_like_what_is_typed"
        ),
        "**Traces in the comment": (
            "web/test_form_warnings.py::test_each_kind_is_named_and_nothing_is_stored"
        ),
        "You read the comments": EXPLAINED,
    },
    "Mail providers": {
        "Some providers deliver": (
            "domain/test_mail_providers.py::test_what_a_provider_documents_is_one_person"
        ),
        "So that one mailbox signs": (
            "cli/test_commands.py::test_the_table_of_providers_can_be_read_and_changed"
        ),
        "Two people must never": "domain/test_mail_providers.py::test_nothing_else_is",
        "It comes with these rules": (
            "store/test_migrations.py::test_the_providers_come_with_the_tables"
        ),
        "Emails still go to": "journeys/test_signs_twice.py::test_confirmed_first_then_again",
        "A change counts for forms": (
            "services/test_rekeying.py::test_a_form_under_the_new_key_makes_a_second_signature_that_is_merged"
        ),
        "Two signatures of one petition": (
            "services/test_rekeying.py::test_of_two_the_earlier_confirmed_stays"
        ),
        "The earlier confirmed stays": (
            "services/test_rekeying.py::test_of_two_the_earlier_confirmed_stays"
        ),
        "One that was held or rejected": (
            "services/test_rekeying.py::test_nobody_gets_around_a_hold_and_nobody_loses_a_confirmation"
        ),
        "The forms, answers, emails": (
            "services/test_rekeying.py::test_mailboxes_that_are_one_have_the_letters_of_both"
        ),
        "The count falls by one": (
            "services/test_rekeying.py::test_exports_let_the_number_go_that_vanished"
        ),
        "It can be stopped": "services/test_rekeying.py::test_killed_at_each_commit_and_run_again",
        "Who erased their signature": (
            "services/test_rekeying.py::test_what_was_erased_under_the_new_key_takes_the_old_one_with_it"
        ),
        "**Emails are counted by mailbox**": (
            "services/test_mailbox_limits.py::test_twelve_tags_of_one_mailbox_are_one_mailbox"
        ),
        "`v+1@…` and": "domain/test_mail_providers.py::test_tags_are_one_mailbox_wherever",
        "So are emails that only": (
            "services/test_mailbox_limits.py::test_letters_that_only_look_other_share_the_limits"
        ),
        "`ａｎａ@…`": (
            "services/test_mailbox_limits.py::test_letters_that_only_look_other_share_the_limits"
        ),
    },
    "Changing the petition": {
        "A petition is a folder": EXPLAINED,
        "Copy the shipped one": EXPLAINED,
        "`slug` in `campaign.toml` is": (
            "cli/test_commands.py::test_a_campaign_is_loaded_listed_opened_and_closed"
        ),
        "Loading a folder with a slug": (
            "services/test_content_files.py::test_an_edited_consent_becomes_a_new_version_and_the_old_one_stays"
        ),
        "The command says first": (
            "cli/test_commands.py::test_loading_says_what_would_change_and_asks"
        ),
        "Loading twice": "services/test_content_files.py::test_loading_twice_changes_nothing",
        "`slug` must not be": "cli/test_commands.py::test_no_call_is_loaded_at_an_address_of_ours",
        "`petition doctor` names": (
            "cli/test_commands.py::test_doctor_names_a_campaign_whose_address_is_taken"
        ),
        "A mistake in a file": (
            "services/test_content_files.py::test_a_mistake_in_the_files_is_named_and_nothing_changes"
        ),
        "The page shows the new words": (
            "domain/test_ttl_cache.py::test_what_lies_there_is_made_again_after_its_life"
        ),
        "**A question more**": (
            "services/test_content_files.py::test_a_further_question_is_one_more_row_of_its_text"
        ),
        "`[consents.meetings]`": (
            "services/test_content_files.py::test_a_further_question_that_is_none_is_named"
        ),
        "Nobody signs without answering": (
            "journeys/test_a_further_question.py::test_a_required_one_is_asked_for_and_an_optional_one_may_be_left"
        ),
        "It is kept, shown, changed": (
            "journeys/test_a_further_question.py::test_from_the_form_to_my_page_the_copy_and_the_list"
        ),
        "**What the form asks** beyond": (
            "web/test_form_fields.py::test_the_shipped_form_asks_for_no_postcode_and_folds_the_comment"
        ),
        "| key | takes": "web/test_form_fields.py::test_what_a_field_takes_is_said",
        "What is optional stands": (
            "web/test_form_fields.py::test_optional_ones_are_folded_and_nobody_must"
        ),
        "What is off is not kept": (
            "web/test_form_fields.py::test_those_that_are_off_are_not_there_and_not_kept_whoever_sends_them"
        ),
        "Ask for a postcode only": EXPLAINED,
        "**What people pass on**": (
            "web/test_sharing.py::test_each_service_gets_the_words_and_an_address_that_says_which_way"
        ),
        "`[share]` in `call.toml`": (
            "web/test_sharing.py::test_each_service_gets_the_words_and_an_address_that_says_which_way"
        ),
        "What is missing is the": (
            "web/test_campaign_files.py::test_words_to_pass_on_that_are_missing_are_the_share_text"
        ),
        "The links are the same": (
            "web/test_sharing.py::test_our_own_tags_are_kept_with_a_signature_and_cost_no_page_of_its_own"
        ),
        "**An answer** may have": (
            "services/test_content_files.py::test_every_answer_that_a_question_may_have_is_read"
        ),
        "**Consent texts**": EXPLAINED,
        "Change one, and": (
            "services/test_content_files.py::test_an_edited_consent_becomes_a_new_version_and_the_old_one_stays"
        ),
        "People who have the old form": (
            "web/test_signing.py::test_the_consent_is_to_the_words_that_were_shown"
        ),
        "Change them rarely": EXPLAINED,
        "`{organiser}` in any text": (
            "services/test_content_files.py::test_the_organiser_is_named_in_what_people_agree_to"
        ),
        "`organiser` in `campaign.toml`, which": (
            "services/test_content_files.py::test_without_a_name_each_language_has_a_word_for_the_organiser"
        ),
        "Lists may be missing": "web/test_park.py::test_lists_may_be_missing",
        "`[7]` in the story": (
            "services/test_content_files.py::test_a_footnote_without_its_reference_is_named"
        ),
        "One that is in another language": (
            "web/test_campaign_files.py::test_a_reference_says_its_language_and_leads_where_it_is_public"
        ),
        "One that is public leads": (
            "web/test_campaign_files.py::test_a_reference_says_its_language_and_leads_where_it_is_public"
        ),
        "`[ILO, Convention": (
            "web/test_campaign_files.py::test_a_reference_says_its_language_and_leads_where_it_is_public"
        ),
        "A folder can only be in": (
            "web/test_park.py::test_a_language_that_the_program_does_not_speak_is_said_plainly"
        ),
        "The story is Markdown": (
            "web/test_campaign_files.py::test_the_story_is_markdown_and_takes_no_html"
        ),
        "HTML is not taken": (
            "web/test_campaign_files.py::test_the_story_is_markdown_and_takes_no_html"
        ),
        "What you loaded is yours": (
            "services/test_content_files.py::test_a_call_that_staff_loaded_first_is_theirs_altogether"
        ),
        "`petition start` loads": (
            "services/test_content_files.py::test_what_staff_loaded_stays_when_the_shipped_files_change"
        ),
        "`petition campaign load amazon` puts": (
            "services/test_content_files.py::test_who_loads_the_shipped_files_by_hand_hands_the_call_back"
        ),
        "In `campaign.toml`, all": "web/test_campaign_files.py::test_the_look_is_optional",
        "A drawing is an SVG": "services/test_drawings.py::test_anything_else_is_refused",
        "It is turned round": (
            "web/test_campaign_files.py::test_a_drawing_is_turned_round_where_one_reads_from_right_to_left"
        ),
        "`[message]` in": "web/test_message.py::test_it_is_there_only_where_the_campaign_has_it",
        "They may send it from": (
            "web/test_message.py::test_ones_own_mailbox_gets_links_that_are_short_enough"
        ),
        "What they begin with": "web/test_message.py::test_no_shipped_text_is_remarked_on",
        "`{target}` and": (
            "web/test_message.py::test_the_preview_shows_what_the_target_gets_to_the_letter"
        ),
        "Below them, `[writing]`": (
            "web/test_message.py::test_answers_become_paragraphs_before_the_closing"
        ),
        "Without that text everybody": (
            "web/test_message_apart.py::test_the_form_asks_for_this_consent_alone"
        ),
        "Who only writes is in": (
            "cli/test_messages.py::test_who_only_writes_is_in_no_list_and_cannot_be_found"
        ),
        "Put the targets": EXPLAINED,
        "Where the server receives mail": (
            "services/test_replies.py::test_an_answer_is_written_on_a_page_and_goes_as_a_message"
        ),
        "Elsewhere answers come": (
            "web/test_campaign_files.py::test_where_no_mail_is_taken_in_answers_come_to_an_address_that_is_read"
        ),
        "Who reads a partner": (
            "web/test_message.py::test_by_a_partners_link_it_counts_for_the_partner"
        ),
        "`--by` takes": "cli/test_messages.py::test_the_queue_is_shown_paused_and_counted",
        "A parked email": (
            "worker/test_messages.py::test_what_becomes_of_it_is_known_or_it_is_parked"
        ),
        "It is never sent again": (
            "worker/test_messages.py::test_a_worker_that_ends_in_the_middle_leaves_it_parked"
        ),
        "The console": EXPLAINED,
        "`at_risk = true`": (
            "web/test_form_warnings.py::test_every_public_page_has_a_way_out_and_no_page_of_staff"
        ),
        "A campaign whose signers": (
            "web/test_park.py::test_no_page_speaks_of_risk_or_of_the_other_campaign"
        ),
        "The words stand in": (
            "web/test_campaign_files.py::test_words_for_people_at_risk_may_be_left_out"
        ),
        "`sensitive` says": (
            "web/test_campaign_files.py::test_the_privacy_notice_says_what_a_signature_shows"
        ),
        "**News** is a file": "web/test_park.py::test_news_are_named_by_their_day",
        "It begins with `# Title`": "web/test_park.py::test_a_mistake_is_named",
        "The newest three": "web/test_park.py::test_the_newest_three_stand_open_with_their_dates",
        "Keep a file": (
            "web/test_campaign_files.py::test_readers_of_the_feed_know_news_by_their_files_names"
        ),
        "**A timeline**": (
            "web/test_campaign_files.py::test_a_timeline_has_a_line_for_each_table_with_its_marks"
        ),
        "`[[timeline]]` with": "web/test_park.py::test_a_mistake_is_named",
        "**The outcome** stands": (
            "web/test_park.py::test_its_outcome_stands_there_once_it_is_closed"
        ),
        "`[outcome]` with": "web/test_park.py::test_a_mistake_is_named",
    },
}
