//! Log sources of Windows events by channel and number, as Sigma's taxonomy names them (Sigma
//! specification, appendix on the taxonomy; event numbers by Sysmon's schema and Microsoft's audit
//! documentation).

use super::Source;

const SYSMON: &str = "Microsoft-Windows-Sysmon/Operational";

/// Whether a channel's category depends on the number of the event.
pub fn numbered(channel: &str) -> bool {
    CATEGORIES.iter().any(|(c, ..)| *c == channel)
}

/// Log sources of a channel and a number.
pub fn sources(channel: &str, number: i64) -> Vec<Source> {
    let mut out: Vec<Source> = SERVICES
        .iter()
        .filter(|(c, _)| *c == channel)
        .map(|(_, service)| Source::new("windows", service, ""))
        .collect();
    if out.is_empty() {
        // a channel that the table lacks: rules for the product alone, or for what it may be
        out.push(Source::new("windows", &channel.to_ascii_lowercase().replace(' ', "-"), ""));
    }
    for (_, _, categories) in CATEGORIES.iter().filter(|(c, n, _)| *c == channel && *n == number) {
        out.extend(categories.iter().map(|c| Source::new("windows", "", c)));
    }
    let service = out.first().map(|s| s.service.clone()).unwrap_or_default();
    for s in out.iter_mut().filter(|s| s.service.is_empty()) {
        s.service.clone_from(&service);
    }
    out
}

/// (channel, number of the event, categories)
const CATEGORIES: &[(&str, i64, &[&str])] = &[
    (SYSMON, 1, &["process_creation"]),
    (SYSMON, 2, &["file_change"]),
    (SYSMON, 3, &["network_connection"]),
    (SYSMON, 4, &["sysmon_status"]),
    (SYSMON, 5, &["process_termination"]),
    (SYSMON, 6, &["driver_load"]),
    (SYSMON, 7, &["image_load"]),
    (SYSMON, 8, &["create_remote_thread"]),
    (SYSMON, 9, &["raw_access_thread"]),
    (SYSMON, 10, &["process_access"]),
    (SYSMON, 11, &["file_event"]),
    (SYSMON, 12, &["registry_add", "registry_delete", "registry_event"]),
    (SYSMON, 13, &["registry_set", "registry_event"]),
    (SYSMON, 14, &["registry_rename", "registry_event"]),
    (SYSMON, 15, &["create_stream_hash"]),
    (SYSMON, 16, &["sysmon_status"]),
    (SYSMON, 17, &["pipe_created"]),
    (SYSMON, 18, &["pipe_created"]),
    (SYSMON, 19, &["wmi_event"]),
    (SYSMON, 20, &["wmi_event"]),
    (SYSMON, 21, &["wmi_event"]),
    (SYSMON, 22, &["dns_query"]),
    (SYSMON, 23, &["file_delete"]),
    (SYSMON, 24, &["clipboard_capture"]),
    (SYSMON, 25, &["process_tampering"]),
    (SYSMON, 26, &["file_delete"]),
    (SYSMON, 27, &["file_block_executable"]),
    (SYSMON, 28, &["file_block_shredding"]),
    (SYSMON, 29, &["file_executable_detected"]),
    (SYSMON, 255, &["sysmon_error"]),
    ("Security", 4688, &["process_creation"]),
    ("Security", 4657, &["registry_event", "registry_set"]),
    ("Security", 5156, &["network_connection"]),
    ("Microsoft-Windows-PowerShell/Operational", 4103, &["ps_module"]),
    ("Microsoft-Windows-PowerShell/Operational", 4104, &["ps_script"]),
    ("PowerShellCore/Operational", 4103, &["ps_module"]),
    ("PowerShellCore/Operational", 4104, &["ps_script"]),
    ("Windows PowerShell", 400, &["ps_classic_start"]),
    ("Windows PowerShell", 600, &["ps_classic_provider_start"]),
    ("Windows PowerShell", 800, &["ps_classic_script"]),
    ("Microsoft-Windows-Kernel-File/Analytic", 12, &["file_access"]),
    ("Microsoft-Windows-Kernel-File/Analytic", 19, &["file_rename"]),
];

/// (channel, service)
const SERVICES: &[(&str, &str)] = &[
    ("Application", "application"),
    ("Security", "security"),
    ("System", "system"),
    (SYSMON, "sysmon"),
    ("Windows PowerShell", "powershell-classic"),
    ("Microsoft-Windows-PowerShell/Operational", "powershell"),
    ("PowerShellCore/Operational", "powershell"),
    ("Microsoft-Windows-TaskScheduler/Operational", "taskscheduler"),
    ("Microsoft-Windows-WMI-Activity/Operational", "wmi"),
    ("Microsoft-Windows-Windows Defender/Operational", "windefend"),
    ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", "firewall-as"),
    ("Microsoft-Windows-Bits-Client/Operational", "bits-client"),
    ("Microsoft-Windows-CodeIntegrity/Operational", "codeintegrity-operational"),
    ("Microsoft-Windows-DNS-Client/Operational", "dns-client"),
    ("Microsoft-Windows-DNS Client Events/Operational", "dns-client"),
    ("DNS Server", "dns-server"),
    ("Microsoft-Windows-DNSServer/Audit", "dns-server-audit"),
    ("Microsoft-Windows-DNSServer/Analytical", "dns-server-analytic"),
    ("Microsoft-Windows-NTLM/Operational", "ntlm"),
    ("Microsoft-Windows-LDAP-Client/Debug", "ldap"),
    ("Microsoft-Windows-AppLocker/EXE and DLL", "applocker"),
    ("Microsoft-Windows-AppLocker/MSI and Script", "applocker"),
    ("Microsoft-Windows-AppLocker/Packaged app-Deployment", "applocker"),
    ("Microsoft-Windows-AppLocker/Packaged app-Execution", "applocker"),
    ("Microsoft-Windows-AppXDeploymentServer/Operational", "appxdeployment-server"),
    ("Microsoft-Windows-AppxPackaging/Operational", "appxpackaging-om"),
    ("Microsoft-Windows-AppModel-Runtime/Admin", "appmodel-runtime"),
    ("Microsoft-Windows-CAPI2/Operational", "capi2"),
    (
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
        "certificateservicesclient-lifecycle-system",
    ),
    ("Microsoft-Windows-Diagnosis-Scripted/Operational", "diagnosis-scripted"),
    ("Microsoft-Windows-DriverFrameworks-UserMode/Operational", "driver-framework"),
    ("Microsoft-Windows-LSA/Operational", "lsa-server"),
    ("Microsoft-Windows-PrintService/Admin", "printservice-admin"),
    ("Microsoft-Windows-PrintService/Operational", "printservice-operational"),
    ("Microsoft-Windows-Security-Mitigations/Kernel Mode", "security-mitigations"),
    ("Microsoft-Windows-Security-Mitigations/User Mode", "security-mitigations"),
    ("Microsoft-Windows-Shell-Core/Operational", "shell-core"),
    ("Microsoft-Windows-SmbClient/Security", "smbclient-security"),
    ("Microsoft-Windows-SmbClient/Connectivity", "smbclient-connectivity"),
    ("Microsoft-Windows-SMBServer/Connectivity", "smbserver-connectivity"),
    (
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        "terminalservices-localsessionmanager",
    ),
    ("Microsoft-Windows-VHDMP/Operational", "vhdmp"),
    ("Microsoft-IIS-Configuration/Operational", "iis-configuration"),
    ("Microsoft-ServiceBus-Client", "microsoft-servicebus-client"),
    ("Microsoft-ServiceBus-Client/Operational", "microsoft-servicebus-client"),
    ("MSExchange Management", "msexchange-management"),
    ("OpenSSH/Operational", "openssh"),
    ("Key Management Service", "kms"),
];
