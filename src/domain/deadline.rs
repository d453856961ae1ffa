//! Due dates: which days, from which event, on which basis (requirements G).
