//! The shipped rules, so that the program has them wherever it runs.

/// One shipped rule with its tests.
#[derive(Clone, Copy, Debug)]
pub struct ShippedRule {
    /// Path below `rules/`, without an ending.
    pub name: &'static str,
    /// `NAME.trip`
    pub rule: &'static str,
    /// `NAME.test.yaml`
    pub tests: &'static str,
}

macro_rules! shipped {
    ($($name:literal)*) => {
        /// All of them, by domain and name.
        pub const RULES: &[ShippedRule] = &[$(ShippedRule {
            name: $name,
            rule: include_str!(concat!("../../rules/", $name, ".trip")),
            tests: include_str!(concat!("../../rules/", $name, ".test.yaml")),
        },)*];
    };
}

shipped! {
    "fraud/account_takeover"
    "fraud/card_testing"
    "fraud/cloned_card"
    "fraud/money_mule"
    "fraud/refund_abuse"
    "fraud/structuring"
    "iot/door_left_open"
    "iot/forced_door"
    "iot/heartbeat_lost"
    "iot/overheating"
    "iot/sensor_stuck"
    "ops/deploy_then_errors"
    "ops/page_response"
    "ops/paid_not_shipped"
    "security/audit_log_cleared"
    "security/breakglass_login"
    "security/brute_force_success"
    "security/impossible_travel"
    "security/mfa_fatigue"
    "security/password_spray"
    "security/privilege_escalation"
    "telecom/sim_swap_takeover"
    "telecom/wangiri"
}
