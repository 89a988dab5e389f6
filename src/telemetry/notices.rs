//! What happens, for those outside who asked to be told. Telling never waits: what does not fit into the queue of one is counted.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::Metrics;
use crate::domain::NoticeKind;

/// The most messages that wait for one who is told.
const MOST_WAITING: usize = 1000;

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What happened.
    pub kind: NoticeKind,
    /// What it happened to: ids and names, never texts.
    pub data: Value,
}

/// Gives messages to those who asked. A copy is the same.
#[derive(Clone, Debug, Default)]
pub struct Notices(Arc<[Listener]>);

#[derive(Debug)]
struct Listener {
    name: Arc<str>,
    kinds: Vec<NoticeKind>,
    queue: Sender<Notice>,
    metrics: Arc<Metrics>,
}

impl Notices {
    /// For each name with the kinds that it asked for, a queue of what it is to be told.
    pub fn new(
        asked: Vec<(Arc<str>, Vec<NoticeKind>)>,
        metrics: &Arc<Metrics>,
    ) -> (Self, Vec<Receiver<Notice>>) {
        let mut queues = Vec::new();
        let listeners = asked.into_iter().map(|(name, kinds)| {
            let (queue, notices) = channel(MOST_WAITING);
            queues.push(notices);
            Listener { name, kinds, queue, metrics: Arc::clone(metrics) }
        });
        (Self(listeners.collect()), queues)
    }

    /// Tells those who asked; what is said is only made for them.
    pub fn tell(&self, kind: NoticeKind, data: impl FnOnce() -> Value) {
        let mut asked = self.0.iter().filter(|listener| listener.kinds.contains(&kind)).peekable();
        if asked.peek().is_none() {
            return;
        }
        let notice = Notice { kind, data: data() };
        for listener in asked {
            if listener.queue.try_send(notice.clone()).is_err() {
                listener.metrics.notified(&listener.name, "dropped");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_those_who_asked_are_told_and_what_does_not_fit_is_counted() {
        let metrics = Arc::new(Metrics::new());
        let asked = vec![
            (Arc::from("ops"), vec![NoticeKind::StoreAway]),
            (Arc::from("team"), vec![NoticeKind::FeedbackAppeal, NoticeKind::StoreAway]),
        ];
        let (notices, mut queues) = Notices::new(asked, &metrics);
        notices.tell(NoticeKind::FeedbackAppeal, || json!({ "feedback": "f" }));
        notices.tell(NoticeKind::PolicyApplied, || panic!("nobody asked"));
        assert!(queues[0].try_recv().is_err());
        let told = queues[1].try_recv().unwrap();
        assert_eq!((told.kind, &told.data["feedback"]), (NoticeKind::FeedbackAppeal, &json!("f")));
        for _ in 0..=MOST_WAITING {
            notices.tell(NoticeKind::StoreAway, || json!({}));
        }
        let text = metrics.render();
        let dropped = r#"tidegate_webhook_messages_total{outcome="dropped",webhook="ops"} 1"#;
        assert!(text.contains(dropped), "{text}");
    }
}
