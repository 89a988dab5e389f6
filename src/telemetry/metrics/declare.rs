//! How a metric is declared: by a line of the table in `metrics!`, which makes the field, the registered metric and
//! the row of its documentation.

use prometheus::core::Collector;
use prometheus::{
    CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, Result,
};

/// What a metric is called and means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricDefinition {
    /// Its name, with its unit.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// The upper bounds of a histogram's buckets.
    pub buckets: &'static [f64],
    /// What it counts or measures, in a sentence.
    pub help: &'static str,
}

/// A kind of metric that can be declared.
pub(super) trait Kind: Collector + Clone + 'static {
    /// `counter`, `gauge` or `histogram`.
    const NAME: &'static str;

    /// Makes the metric that a definition describes.
    fn made(definition: &MetricDefinition) -> Result<Self>;
}

/// Makes a metric and registers it.
pub(super) fn keep<M: Kind>(registry: &Registry, definition: &MetricDefinition) -> M {
    // Names and labels stand in one table and are unique; the tests make them all.
    let metric = M::made(definition).expect("metrics are declared with valid names");
    registry.register(Box::new(metric.clone())).expect("metrics are declared once");
    metric
}

macro_rules! kinds {
    ($($kind:ty = $name:literal, |$definition:ident, $opts:ident| $made:expr;)*) => {$(
        impl Kind for $kind {
            const NAME: &'static str = $name;

            fn made($definition: &MetricDefinition) -> Result<Self> {
                let $opts = Opts::new($definition.name, $definition.help);
                $made
            }
        }
    )*};
}

kinds! {
    IntCounterVec = "counter", |definition, opts| Self::new(opts, definition.labels);
    CounterVec = "counter", |definition, opts| Self::new(opts, definition.labels);
    IntGauge = "gauge", |definition, opts| Self::with_opts(opts);
    Gauge = "gauge", |definition, opts| Self::with_opts(opts);
    GaugeVec = "gauge", |definition, opts| Self::new(opts, definition.labels);
    IntGaugeVec = "gauge", |definition, opts| Self::new(opts, definition.labels);
    Histogram = "histogram", |definition, opts| {
        Self::with_opts(HistogramOpts { common_opts: opts, buckets: definition.buckets.to_vec() })
    };
    HistogramVec = "histogram", |definition, opts| {
        let opts = HistogramOpts { common_opts: opts, buckets: definition.buckets.to_vec() };
        Self::new(opts, definition.labels)
    };
}

/// Declares all metrics: a struct with a field for each, `declared`, and `METRICS`.
macro_rules! metrics {
    (
        $(#[$about:meta])*
        struct $name:ident;
        $($field:ident: $kind:ty = $metric:literal, [$($label:literal),*] $(, $buckets:expr)?; $help:literal;)*
    ) => {
        $(#[$about])*
        #[derive(Debug)]
        pub(in crate::telemetry) struct $name {
            $(pub(in crate::telemetry) $field: $kind,)*
        }

        /// Every metric of ours, as it is declared.
        pub const METRICS: &[MetricDefinition] = &[$(MetricDefinition {
            name: $metric,
            kind: <$kind as Kind>::NAME,
            labels: &[$($label),*],
            buckets: metrics!(@buckets $($buckets)?),
            help: $help,
        }),*];

        impl $name {
            /// Makes and registers every metric.
            pub(super) fn declared(registry: &Registry) -> Self {
                let mut definitions = METRICS.iter();
                // The fields are in the order of the table.
                let mut next = || definitions.next().expect("a row for each field");
                Self { $($field: keep(registry, next()),)* }
            }
        }
    };
    (@buckets $buckets:expr) => { &$buckets };
    (@buckets) => { &[] };
}

pub(super) use metrics;
