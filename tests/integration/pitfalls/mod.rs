//! What other gateways are known to have got wrong, each as a sentence that holds here. One row a pitfall; where a
//! test elsewhere proves it already, the row names that one.
//!
//! | pitfall | proved by |
//! |---|---|
//! | a stream in another API's form passes unscanned and is logged as a success | [`streams::a_stream_in_the_form_of_another_api_is_screened_all_the_same_and_recorded_as_what_it_was`] |
//! | tool results, calls and their arguments of `/v1/messages` are not scanned | [`prompts::tool_results_calls_and_arguments_of_anthropic_messages_are_screened`] |
//! | a Responses stream that ends as failed or incomplete is never assembled and scanned | [`streams::partial_text_of_a_response_that_fails_or_stays_incomplete_is_screened`] |
//! | native Gemini routes without a version are not guarded | [`prompts::gemini_is_known_by_its_method_under_any_prefix`] |
//! | what guards whole answers is passed by with `"stream": true` | `dialects::streams_pass_byte_for_byte_and_let_nothing_through_that_is_not_allowed`, `dialects::a_blocked_prompt_is_told_in_the_dialect_of_its_path_and_reaches_no_model` |
//! | only the first choice is looked at | [`answers::every_choice_is_screened_and_not_only_the_first`], [`streams::a_choice_that_is_not_the_first_is_stopped_by_itself`] |
//! | Azure's annotation chunks are lost, mended or made up | `dialects::streams_pass_byte_for_byte_and_let_nothing_through_that_is_not_allowed` (`azure.chat/stream_async.txt`), [`streams::a_chunk_that_the_gate_says_itself_has_a_delta_in_every_choice`] |
//! | text cut over chunks, a CR at the end of `[DONE]`, a mark in two forms | [`streams::what_is_cut_over_chunks_with_carriage_returns_is_found_and_the_end_is_known`] |
//! | a flush at a number of characters cuts a name in two | [`streams::nothing_is_let_go_because_much_has_come`] |
//! | a block is a bare error and the end of the connection | `tests/dialects.rs` (golden endings), [`streams::a_blocked_stream_ends_as_its_dialect_ends_and_not_with_an_error`] |
//! | a failure before the first byte is an error status with the body of a stream | [`streams::an_error_status_has_a_body_of_json_in_every_dialect`] |
//! | what cannot be screened passes unless somebody says otherwise | `panics::a_panic_is_answered_500_or_503_and_the_connection_goes_on`, `panics::fail_open_passes_on_what_could_not_be_screened_and_counts_it` |
//! | what is masked is sent again from the chunks as they came | [`streams::a_masked_text_is_never_sent_again_from_the_chunks_as_they_came`] |
//! | a turn that was stopped poisons its conversation | [`prompts::an_old_turn_that_is_redacted_goes_on_redacted_the_same_way_each_time`], `history::a_clean_turn_that_comes_again_is_not_screened_again_and_others_are`, [`crate::history`] for `drop_blocked` |
//! | the gate's own message is flagged in the next request | [`prompts::the_gates_own_message_in_the_history_is_not_screened`] |
//! | what is put in breaks the JSON that it stands in | [`answers::what_is_put_into_json_leaves_it_json`] |
//! | `null`, empty, missing, another type: the reader breaks | [`prompts::requests_of_odd_shapes_are_answered_or_refused_and_never_break`], [`answers::answers_of_odd_shapes_pass_or_are_refused_and_never_break`] |
//! | a compressed answer is passed as it is | [`answers::a_compressed_answer_is_never_passed_unread`], `gate::only_listed_headers_pass_either_way` |
//! | a proxy on the way holds the stream back | [`streams::nothing_on_the_way_is_asked_to_hold_a_stream_back`] |
//! | a block is tried again, and paid for again | [`answers::a_block_has_a_status_that_no_sdk_tries_again_and_costs_one_request`] |
//! | two parsers read two bodies in one | [`prompts::what_two_parsers_read_differently_reaches_no_model_in_any_dialect`], `wire::json::tests` |
//! | log probabilities, contexts and echoes leak what was redacted | [`answers::what_repeats_a_redacted_text_goes_or_is_redacted_too`] |
//! | a refusal with a made-up model or usage confuses accounts | [`answers::an_answer_in_the_models_place_has_its_model_no_usage_and_an_id_of_the_usual_form`] |

mod answers;
mod prompts;
mod streams;

use serde_json::Value;

/// A server-sent event.
fn event(name: &str, data: &Value) -> String {
    if name.is_empty() {
        format!("data: {data}\n\n")
    } else {
        format!("event: {name}\ndata: {data}\n\n")
    }
}
