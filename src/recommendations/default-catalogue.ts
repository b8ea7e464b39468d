import type { RecommendationCatalogue } from '../schema/catalogue.js'
import type { SignalCondition } from '../schema/persona-rules.js'

const of =
  (signal: string) =>
  (field: string, is: SignalCondition['is'], than: number | boolean): SignalCondition => ({ signal, field, is, than })
const card = of('credit_utilization')
const income = of('income_stability')
const savings = of('savings_behavior')
const subscription = of('subscription')

/**
 * What is recommended unless a host brings its own. Money is only compared with zero, so that it holds in every currency.
 * Offers are kinds of products: a host that has one extends the catalogue with its own.
 */
export const defaultCatalogue: RecommendationCatalogue = {
  version: '1',
  items: [
    {
      key: 'card_overdue',
      type: 'education',
      title: 'Ask what is due on your card',
      personas: ['high_utilization'],
      when: card('overdue', '=', true),
      rationale:
        'Your card {card.name|text} looks overdue, with {card.owed|money} owed. Ask the bank of the card what is due, and whether it can be paid in parts.',
    },
    {
      key: 'card_minimum_payments',
      type: 'education',
      title: 'Pay more than the least on your card',
      personas: ['high_utilization'],
      when: { all: [card('minimum_payment_only', '=', true), card('payments', '>', 0)] },
      rationale:
        'Payments to your card {card.name|text} in the last {window.days|count} days: {card.payments|count}, each about the least that banks ask. {card.owed|money} is owed. What is paid on top of the least lowers the debt, and the interest on it.',
    },
    {
      key: 'card_utilization',
      type: 'education',
      title: 'Bring your card below 30 % of its limit',
      personas: ['high_utilization'],
      when: card('utilization', '>=', 0.3),
      rationale:
        'Your card {card.name|text} is used to {card.utilization|percent}: {card.owed|money} of a limit of {card.credit_limit|money}. Less than 30 % is often given as a goal.',
    },
    {
      key: 'balance_transfer_card',
      type: 'offer',
      product: 'balance_transfer_card',
      title: 'Compare cards for balance transfers',
      personas: ['high_utilization'],
      when: { all: [card('interest_charged', '=', true), card('utilization', '>=', 0.3)] },
      eligibility: { has_account: ['credit_card'], no_overdue: true },
      rationale:
        'Your card {card.name|text} was charged interest in the last {window.days|count} days, and {card.owed|money} is owed. A card for balance transfers may charge less for some time. Compare its fee with the interest that you pay.',
    },
    {
      key: 'uneven_income_budget',
      type: 'education',
      title: 'Plan by your pay, not by the calendar',
      personas: ['variable_income_budgeter'],
      when: income('median_gap_days', '>', 0),
      rationale:
        'There are {income_stability.median_gap_days|number} days between your payments as a rule, and the money on your checking accounts is {income_stability.cash_flow_buffer_months|number} months of your average expenses. A budget from one payment to the next shows what can be spent until then.',
    },
    {
      key: 'budgeting_app',
      type: 'offer',
      product: 'budgeting_app',
      title: 'Look at budgeting apps for uneven income',
      personas: ['variable_income_budgeter'],
      when: income('variability', '>=', 0.2),
      eligibility: { has_account: ['checking'] },
      rationale:
        'Your payments differ by {income_stability.variability|percent} of their average as a rule. An app that plans with the money that is there, and not with a monthly wage, may fit you.',
    },
    {
      key: 'subscription_review',
      type: 'education',
      title: 'Go through your subscriptions',
      personas: ['subscription_heavy'],
      when: { all: [subscription('subscriptions', '>=', 2), subscription('monthly_spend', '>', 0)] },
      rationale:
        'You spend {subscription.monthly_spend|money} a month on {subscription.subscriptions|count} subscriptions; they are {subscription.share_of_spending|percent} of your spending in the last {window.days|count} days. Ask of each whether you used it.',
    },
    {
      key: 'subscription_manager',
      type: 'offer',
      product: 'subscription_manager',
      title: 'Look at services that cancel subscriptions',
      personas: ['subscription_heavy'],
      when: { all: [subscription('subscriptions', '>=', 5), subscription('monthly_spend', '>', 0)] },
      rationale:
        'You have {subscription.subscriptions|count} subscriptions for {subscription.monthly_spend|money} a month. A service that lists and cancels them may save you time. Compare what it costs.',
    },
    {
      key: 'savings_goal',
      type: 'education',
      title: 'Give your savings a goal',
      personas: ['savings_builder'],
      when: savings('monthly_net_inflow', '>', 0),
      rationale:
        'You put aside {savings_behavior.monthly_net_inflow|money} a month over the last {window.days|count} days, and have {savings_behavior.balance|money} in savings. With a sum and a day in mind you see how far that goes.',
    },
    {
      key: 'high_yield_savings_account',
      type: 'offer',
      product: 'high_yield_savings_account',
      title: 'Compare high-yield savings accounts',
      personas: ['savings_builder', 'general_wellness'],
      when: savings('balance', '>', 0),
      eligibility: {
        has_account: ['savings', 'money_market'],
        has_no_account: ['high_yield_savings'],
        no_overdue: true,
      },
      rationale:
        'You have {savings_behavior.balance|money} in savings, and no high-yield savings account. Compare the interest of such an account with what you get now.',
    },
    {
      key: 'emergency_fund',
      type: 'education',
      title: 'Build up an emergency fund',
      personas: ['variable_income_budgeter', 'savings_builder', 'general_wellness'],
      when: savings('emergency_fund_months', '<', 3),
      rationale:
        'Your savings are {savings_behavior.emergency_fund_months|number} months of your average expenses. Three months are often given as a first goal.',
    },
    {
      key: 'regular_charges',
      type: 'education',
      title: 'Know what is charged every month',
      personas: ['subscription_heavy', 'general_wellness'],
      when: subscription('monthly_bills', '>', 0),
      rationale:
        'Your regular bills come to {subscription.monthly_bills|money} a month, and your subscriptions to {subscription.monthly_spend|money}. What is left of your pay is what you can plan with.',
    },
    {
      key: 'save_on_payday',
      type: 'education',
      title: 'Save on the day you are paid',
      personas: ['general_wellness'],
      when: { all: [income('total', '>', 0), savings('monthly_net_inflow', '<=', 0)] },
      rationale:
        'You were paid {income_stability.total|money} in the last {window.days|count} days, and nothing was added to your savings on balance. A standing order on payday puts a part aside before it is spent.',
    },
  ],
}
