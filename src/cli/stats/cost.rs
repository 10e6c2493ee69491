//! `foretype stats --cost`: what requests to providers cost, and where the budgets stand.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{LABEL, grouped, percent};
use crate::cli::output::{Output, Style};
use crate::ledger::{AgentCosts, BudgetState, Costs, Expense};

/// A number's column.
const NUMBER: usize = 11;

/// The longest name that moves the columns.
const MAX_LABEL: usize = 32;

pub fn print(costs: &Costs, output: &mut Output) -> io::Result<()> {
    let Costs { n_days, all, .. } = costs;
    let title = if *n_days == 1 { "Today (UTC)".to_string() } else { format!("The last {n_days} days") };
    writeln!(output, "{}", output.paint(Style::Bold, &title))?;
    super::line(output, "requests", &requests(costs))?;
    super::line(output, "tokens", &tokens(all))?;
    super::line(output, "cost", &cost(all))?;
    super::line(output, "counted", &counted(all))?;
    super::line(output, "prices", &format!("yours, else list prices of {}; check them", costs.prices_dated))?;

    let tables = [
        ("day (UTC)", &costs.days),
        ("provider", &costs.providers),
        ("model", &costs.models),
        ("language", &costs.languages),
        ("workspace", &costs.workspaces),
    ];
    for (by, expenses) in tables {
        table(output, by, expenses)?;
    }
    handed_over(output, &costs.agents)?;
    budgets(output, &costs.budgets)?;
    writeln!(output, "\n{}", output.paint(Style::Dim, &costs.file.display().to_string()))
}

/// What agents cost; nothing where there was none.
fn handed_over(output: &mut Output, agents: &AgentCosts) -> io::Result<()> {
    if agents.all == Expense::default() {
        return Ok(());
    }
    writeln!(output, "\n{}", output.paint(Style::Bold, "Handed over to agents, beside all that"))?;
    let all = &agents.all;
    super::line(output, "requests", &grouped(all.requests))?;
    super::line(output, "tokens", &tokens(all))?;
    super::line(output, "cost", &cost(all))?;
    let counted = match all.counted_by_us {
        0 => "by the providers".to_string(),
        n => format!("at least, as the agents say, or by us, for {}; else by the providers", grouped(n)),
    };
    super::line(output, "counted", &counted)?;
    let tables = [
        ("day (UTC)", &agents.days),
        ("agent", &agents.agents),
        ("skill", &agents.skills),
        ("workspace", &agents.workspaces),
        ("model", &agents.models),
    ];
    tables.into_iter().try_for_each(|(by, expenses)| table(output, by, expenses))
}

fn requests(costs: &Costs) -> String {
    let others = costs.endings.iter().filter(|(ended, _)| *ended != "done");
    let others: Vec<String> = others.map(|(ended, n)| format!("{} {}", grouped(*n), in_words(ended))).collect();
    let all = grouped(costs.all.requests);
    if others.is_empty() { all } else { format!("{all}, of which {}", others.join(", ")) }
}

/// Of how a request ended, in the file's words.
fn in_words(ended: &str) -> String {
    match ended {
        "open" => "not ended".to_string(),
        "cancelled" => "cancelled".to_string(),
        cause => format!("failed ({cause})"),
    }
}

fn tokens(all: &Expense) -> String {
    let [input, cached, output] = [all.input_tokens, all.cached_input_tokens, all.output_tokens].map(grouped);
    format!("{input} of prompts, {cached} of them from the provider's cache; {output} of answers")
}

fn cost(all: &Expense) -> String {
    let known = all.cost.map_or("not known".to_string(), usd);
    match all.unpriced {
        0 => known,
        n => format!("{known}; the price is not known for {} of the requests", grouped(n)),
    }
}

fn counted(all: &Expense) -> String {
    match all.counted_by_us {
        0 => "by the providers".to_string(),
        n => format!("by us for {}, which ended early or came without a count; else by the providers", grouped(n)),
    }
}

fn table(output: &mut Output, by: &str, expenses: &BTreeMap<String, Expense>) -> io::Result<()> {
    let width = expenses.keys().map(|name| name.chars().count()).max().unwrap_or_default().clamp(LABEL, MAX_LABEL);
    let columns = |cells: [String; 5]| cells.map(|cell| format!("{cell:>NUMBER$}")).concat();
    let names = ["requests", "prompts", "answers", "unpriced", "cost"].map(str::to_string);
    let header = output.paint(Style::Bold, &format!("{by:width$} {}", columns(names)));
    writeln!(output, "\n  {header}")?;
    for (name, expense) in expenses {
        let name = if name.is_empty() { "other" } else { name };
        let Expense { requests, input_tokens, output_tokens, unpriced, .. } = *expense;
        let cost = expense.cost.map_or("-".to_string(), usd);
        let [requests, prompts, answers, unpriced] = [requests, input_tokens, output_tokens, unpriced].map(grouped);
        writeln!(output, "  {name:width$} {}", columns([requests, prompts, answers, unpriced, cost]))?;
    }
    Ok(())
}

fn budgets(output: &mut Output, budgets: &[BudgetState]) -> io::Result<()> {
    writeln!(output, "\n  {}", output.paint(Style::Bold, "budgets"))?;
    if budgets.is_empty() {
        return super::line(output, "", "none is set");
    }
    for BudgetState { provider, period, amount, spent, reserved } in budgets {
        let provider = if provider.is_empty() { "all" } else { provider };
        let share = if *amount > 0.0 { spent / amount } else { 1.0 };
        let style = if share < 0.8 { Style::Plain } else { Style::Bad };
        let share = output.paint(style, &percent(share));
        let under_way = if *reserved > 0.0 { format!(", {} set aside", usd(*reserved)) } else { String::new() };
        let text = format!("{share} of {} this {period}: {} spent{under_way}", usd(*amount), usd(*spent));
        super::line(output, provider, &text)?;
    }
    Ok(())
}

fn usd(amount: f64) -> String {
    crate::ledger::money::usd((amount * 1e6).round() as i64)
}
