//! What answers say about policies and rules.

use crate::gate::Setup;
use crate::model::{Model, completion, whole};
use crate::wire::{ask, prompt, streamed};

#[tokio::test]
async fn nothing_is_said_of_policies_and_rules_unless_a_policy_asks_for_it() {
    let gate = Setup::demo().start().await;
    for text in ["hello", "a grenade", "write to a@example.com"] {
        let answer = ask(gate.data, &prompt(text)).await;
        let (policy, rules) =
            (answer.header("x-tidegate-policy"), answer.header("x-tidegate-rules"));
        assert_eq!((policy, rules), (None, None), "{text}");
    }
}

#[tokio::test]
async fn a_policy_that_reveals_names_itself_and_the_rules_that_fired_both_ways() {
    let model = Model::says(whole(&completion("write to b@example.com"))).await;
    let gate = Setup::upstream(model.address)
        .policy("  - { id: watched, words: [tea], action: block, mode: shadow }\nreveal: { rules: true, policy: true }\n")
        .start()
        .await;
    for (text, rules) in
        [("a grenade", "weapons"), ("a grenade for a@example.com", "weapons,mail"), ("tea", "mail")]
    {
        let answer = ask(gate.data, &prompt(text)).await;
        assert_eq!(answer.header("x-tidegate-rules"), Some(rules), "{text}");
        assert!(answer.header("x-tidegate-policy").is_some_and(|p| p.starts_with("test@")));
    }
    let stream = ask(gate.data, &streamed("a grenade")).await;
    assert_eq!(stream.header("x-tidegate-rules"), Some("weapons"));
}
