import type { Finding, Severity } from '../api/desk';

export interface Group {
  code: string;
  severity: Severity;
  findings: Finding[];
  /** The remedy that all of them share; otherwise each has its own. */
  remedy: string | null;
}

const weight: Record<Severity, number> = { error: 0, warning: 1, note: 2 };

/** By code and severity: the gravest first, then the most frequent. */
export function groupsOf(findings: readonly Finding[]): Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const key = `${finding.severity} ${finding.code}`;
    const group = groups.get(key);
    if (!group) {
      groups.set(key, { code: finding.code, severity: finding.severity, findings: [finding], remedy: finding.remedy });
      continue;
    }
    group.findings.push(finding);
    if (group.remedy !== finding.remedy) group.remedy = null;
  }
  return [...groups.values()].sort(
    (a, b) => weight[a.severity] - weight[b.severity] || b.findings.length - a.findings.length
  );
}
