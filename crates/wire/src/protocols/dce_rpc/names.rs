//! Interfaces of DCE/RPC by their UUIDs, operations by their numbers, and what they do.
//!
//! Names are those of Microsoft's open specifications (MS-SCMR, MS-TSCH, MS-SAMR, MS-LSAD, MS-LSAT,
//! MS-DRSR, MS-RRP, MS-SRVS, MS-WKST, MS-RPRN, MS-PAR, MS-NRPC, MS-EFSR, MS-RSP, MS-EVEN, MS-DCOM,
//! MS-WMI) and of DCE 1.1 (C706, appendix O). Interfaces are called as their pipes are, and the
//! methods of the service control manager go without their leading R, as network monitors write
//! them: rules written for those match.

use crate::model::{Action, Category};

/// One interface and the operations that are named.
#[derive(Debug)]
pub struct Interface {
    pub uuid: &'static str,
    pub name: &'static str,
    operations: &'static [(u16, &'static str)],
}

impl Interface {
    /// Name of an operation, if it has one here.
    pub fn operation(&self, number: u16) -> Option<&'static str> {
        let at = self.operations.binary_search_by_key(&number, |(n, _)| *n).ok()?;
        self.operations.get(at).map(|(_, name)| *name)
    }
}

/// Operations worth an event of their own, as they are reported.
pub const OPERATIONS: &[&str] = &[
    "base_initiate_shutdown",
    "base_initiate_shutdown_ex",
    "base_initiate_system_shutdown",
    "base_initiate_system_shutdown_ex",
    "base_reg_create_key",
    "base_reg_delete_key",
    "base_reg_delete_key_ex",
    "base_reg_delete_value",
    "base_reg_load_key",
    "base_reg_replace_key",
    "base_reg_restore_key",
    "base_reg_save_key",
    "base_reg_save_key_ex",
    "base_reg_set_key_security",
    "base_reg_set_value",
    "change_service_config2_a",
    "change_service_config2_w",
    "change_service_config_a",
    "change_service_config_w",
    "control_service",
    "control_service_ex_a",
    "control_service_ex_w",
    "create_service_a",
    "create_service_w",
    "create_service_wow64_a",
    "create_service_wow64_w",
    "create_wow_service",
    "drs_add_entry",
    "drs_add_sid_history",
    "drs_crack_names",
    "drs_domain_controller_info",
    "drs_get_memberships",
    "drs_get_nc_changes",
    "drs_get_nt4_change_log",
    "drs_replica_add",
    "drs_write_spn",
    "delete_class",
    "delete_instance",
    "delete_instance_async",
    "delete_service",
    "dnssrv_operation",
    "dnssrv_operation2",
    "dsr_enumerate_domain_trusts",
    "efs_rpc_add_users_to_file",
    "efs_rpc_add_users_to_file_ex",
    "efs_rpc_decrypt_file_srv",
    "efs_rpc_duplicate_encryption_info_file",
    "efs_rpc_encrypt_file_srv",
    "efs_rpc_file_key_info",
    "efs_rpc_open_file_raw",
    "efs_rpc_query_recovery_agents",
    "efs_rpc_query_users_on_file",
    "efs_rpc_remove_users_from_file",
    "elfr_backup_elfw",
    "elfr_clear_elfa",
    "elfr_clear_elfw",
    "enum_services_status_a",
    "enum_services_status_ex_a",
    "enum_services_status_ex_w",
    "enum_services_status_w",
    "exec_method",
    "exec_method_async",
    "lsar_add_account_rights",
    "lsar_add_privileges_to_account",
    "lsar_create_trusted_domain",
    "lsar_enumerate_accounts",
    "lsar_enumerate_trusted_domains",
    "lsar_enumerate_trusted_domains_ex",
    "lsar_query_secret",
    "lsar_remove_account_rights",
    "lsar_retrieve_private_data",
    "lsar_set_information_policy",
    "lsar_set_secret",
    "lsar_store_private_data",
    "netr_connection_enum",
    "netr_dfs_add_std_root",
    "netr_dfs_remove_std_root",
    "netr_file_enum",
    "netr_job_add",
    "netr_job_del",
    "netr_job_enum",
    "netr_join_domain2",
    "netr_logon_sam_logon",
    "netr_logon_sam_logon_ex",
    "netr_logon_sam_logon_with_flags",
    "netr_rename_machine_in_domain2",
    "netr_server_authenticate",
    "netr_server_authenticate2",
    "netr_server_authenticate3",
    "netr_server_get_info",
    "netr_server_password_get",
    "netr_server_password_set",
    "netr_server_password_set2",
    "netr_server_req_challenge",
    "netr_server_trust_passwords_get",
    "netr_session_enum",
    "netr_share_add",
    "netr_share_del",
    "netr_share_enum",
    "netr_share_enum_sticky",
    "netr_share_set_info",
    "netr_unjoin_domain2",
    "netr_wksta_get_info",
    "netr_wksta_user_enum",
    "put_class",
    "put_instance",
    "put_instance_async",
    "remote_activation",
    "remote_create_instance",
    "rpc_add_monitor",
    "rpc_add_print_processor",
    "rpc_add_printer_driver",
    "rpc_add_printer_driver_ex",
    "rpc_async_add_monitor",
    "rpc_async_add_print_processor",
    "rpc_async_add_printer_driver",
    "rpc_remote_find_first_printer_change_notification_ex",
    "samr_add_member_to_alias",
    "samr_add_member_to_group",
    "samr_change_password_user",
    "samr_create_alias_in_domain",
    "samr_create_group_in_domain",
    "samr_create_user2_in_domain",
    "samr_create_user_in_domain",
    "samr_delete_alias",
    "samr_delete_group",
    "samr_delete_user",
    "samr_enumerate_aliases_in_domain",
    "samr_enumerate_domains_in_sam_server",
    "samr_enumerate_groups_in_domain",
    "samr_enumerate_users_in_domain",
    "samr_get_members_in_alias",
    "samr_get_members_in_group",
    "samr_oem_change_password_user2",
    "samr_query_display_information",
    "samr_query_display_information2",
    "samr_query_display_information3",
    "samr_remove_member_from_alias",
    "samr_remove_member_from_group",
    "samr_set_dsrm_password",
    "samr_set_information_user",
    "samr_set_information_user2",
    "samr_unicode_change_password_user2",
    "sch_rpc_create_folder",
    "sch_rpc_delete",
    "sch_rpc_enable_task",
    "sch_rpc_enum_tasks",
    "sch_rpc_register_task",
    "sch_rpc_rename",
    "sch_rpc_run",
    "sch_rpc_set_security",
    "sch_rpc_stop",
    "sch_rpc_stop_instance",
    "secl_create_process_with_logon_ex_w",
    "secl_create_process_with_logon_w",
    "set_service_object_security",
    "start_service_a",
    "start_service_w",
    "wsdr_initiate_shutdown",
    "ept_lookup",
    "inq_if_ids",
    "stop_server_listening",
];

/// The interface with this UUID (lower case, hyphens).
pub fn interface(uuid: &str) -> Option<&'static Interface> {
    INTERFACES.iter().find(|i| i.uuid == uuid)
}

/// The interface most often spoken over a pipe, for calls whose bind was not seen.
pub fn of_pipe(pipe: &str) -> Option<&'static Interface> {
    let pipe = pipe.rsplit('\\').next().unwrap_or(pipe);
    INTERFACES.iter().find(|i| i.name.eq_ignore_ascii_case(pipe))
}

/// What an operation does: its action and category, and whether it is worth an event of its own.
pub fn meaning(operation: &str) -> (Action, Category, bool) {
    use Category::{Administration, Control, Discovery, Monitor};
    match operation {
        "CreateServiceW" | "CreateServiceA" | "CreateServiceWOW64W" | "CreateServiceWOW64A"
        | "CreateWowService" | "ChangeServiceConfigW" | "ChangeServiceConfigA" | "ChangeServiceConfig2W"
        | "ChangeServiceConfig2A" | "DeleteService" | "SetServiceObjectSecurity" | "NetrJobAdd"
        | "NetrJobDel" | "SchRpcRegisterTask" | "SchRpcDelete" | "SchRpcEnableTask" | "SchRpcRename"
        | "SchRpcCreateFolder" | "SchRpcSetSecurity" | "NetrShareAdd" | "NetrShareDel" | "NetrShareSetInfo"
        | "SamrCreateUserInDomain" | "SamrCreateUser2InDomain" | "SamrDeleteUser" | "SamrSetInformationUser"
        | "SamrSetInformationUser2" | "SamrAddMemberToGroup" | "SamrAddMemberToAlias"
        | "SamrRemoveMemberFromGroup" | "SamrRemoveMemberFromAlias" | "SamrChangePasswordUser"
        | "SamrOemChangePasswordUser2" | "SamrUnicodeChangePasswordUser2" | "SamrSetDSRMPassword"
        | "SamrCreateGroupInDomain" | "SamrCreateAliasInDomain" | "SamrDeleteGroup" | "SamrDeleteAlias"
        | "LsarAddAccountRights" | "LsarRemoveAccountRights" | "LsarAddPrivilegesToAccount"
        | "LsarSetSecret" | "LsarStorePrivateData" | "LsarSetInformationPolicy" | "LsarCreateTrustedDomain"
        | "BaseRegCreateKey" | "BaseRegDeleteKey" | "BaseRegDeleteKeyEx" | "BaseRegDeleteValue"
        | "BaseRegSetValue" | "BaseRegSetKeySecurity" | "BaseRegLoadKey" | "BaseRegReplaceKey"
        | "BaseRegRestoreKey" | "NetrServerPasswordSet" | "NetrServerPasswordSet2" | "NetrJoinDomain2"
        | "NetrUnjoinDomain2" | "NetrRenameMachineInDomain2" | "RpcAddPrinterDriver"
        | "RpcAddPrinterDriverEx" | "RpcAddPrintProcessor" | "RpcAddMonitor" | "RpcAsyncAddPrinterDriver"
        | "RpcAsyncAddPrintProcessor" | "RpcAsyncAddMonitor" | "DRSReplicaAdd" | "DRSAddEntry"
        | "DRSAddSidHistory" | "DRSWriteSPN" | "PutInstance" | "PutInstanceAsync" | "PutClass"
        | "DeleteInstance" | "DeleteInstanceAsync" | "DeleteClass" | "NetrDfsAddStdRoot"
        | "NetrDfsRemoveStdRoot" | "DnssrvOperation" | "DnssrvOperation2" => {
            (Action::Configure, Administration, true)
        }
        "StartServiceW" | "StartServiceA" | "SchRpcRun" | "ExecMethod" | "ExecMethodAsync"
        | "SeclCreateProcessWithLogonW" | "SeclCreateProcessWithLogonExW" | "RemoteCreateInstance"
        | "RemoteActivation" => (Action::Start, Control, true),
        "ControlService" | "ControlServiceExW" | "ControlServiceExA" | "SchRpcStop" | "SchRpcStopInstance"
        | "stop_server_listening" => (Action::Stop, Control, true),
        "BaseInitiateSystemShutdown" | "BaseInitiateSystemShutdownEx" | "BaseInitiateShutdown"
        | "BaseInitiateShutdownEx" | "WsdrInitiateShutdown" => (Action::Restart, Control, true),
        "ElfrClearELFW" | "ElfrClearELFA" => (Action::Clear, Administration, true),
        // secrets of a domain or machine leave it
        "DRSGetNCChanges" | "DRSGetNT4ChangeLog" | "LsarQuerySecret" | "LsarRetrievePrivateData"
        | "NetrServerPasswordGet" | "NetrServerTrustPasswordsGet" | "BaseRegSaveKey" | "BaseRegSaveKeyEx"
        | "ElfrBackupELFW" => (Action::Read, Administration, true),
        // these make the called machine log in elsewhere
        "EfsRpcOpenFileRaw" | "EfsRpcEncryptFileSrv" | "EfsRpcDecryptFileSrv" | "EfsRpcQueryUsersOnFile"
        | "EfsRpcQueryRecoveryAgents" | "EfsRpcRemoveUsersFromFile" | "EfsRpcAddUsersToFile"
        | "EfsRpcFileKeyInfo" | "EfsRpcDuplicateEncryptionInfoFile" | "EfsRpcAddUsersToFileEx"
        | "RpcRemoteFindFirstPrinterChangeNotificationEx" => (Action::Other, Administration, true),
        "NetrServerReqChallenge" | "NetrServerAuthenticate" | "NetrServerAuthenticate2"
        | "NetrServerAuthenticate3" | "NetrLogonSamLogon" | "NetrLogonSamLogonEx"
        | "NetrLogonSamLogonWithFlags" => (Action::Authenticate, Administration, true),
        "ept_lookup" | "inq_if_ids" | "NetrShareEnum" | "NetrShareEnumSticky" | "NetrSessionEnum" | "NetrWkstaUserEnum"
        | "NetrConnectionEnum" | "NetrFileEnum" | "NetrServerGetInfo" | "NetrWkstaGetInfo"
        | "SamrEnumerateUsersInDomain" | "SamrEnumerateGroupsInDomain" | "SamrEnumerateAliasesInDomain"
        | "SamrEnumerateDomainsInSamServer" | "SamrGetMembersInGroup" | "SamrGetMembersInAlias"
        | "SamrQueryDisplayInformation" | "SamrQueryDisplayInformation2" | "SamrQueryDisplayInformation3"
        | "LsarEnumerateAccounts" | "LsarEnumerateTrustedDomains" | "LsarEnumerateTrustedDomainsEx"
        | "DsrEnumerateDomainTrusts" | "EnumServicesStatusW" | "EnumServicesStatusA"
        | "EnumServicesStatusExW" | "EnumServicesStatusExA" | "NetrJobEnum" | "SchRpcEnumTasks"
        | "DRSDomainControllerInfo" | "DRSCrackNames" | "DRSGetMemberships" => {
            (Action::Discover, Discovery, true)
        }
        _ => (Action::Other, Monitor, false),
    }
}

#[rustfmt::skip]
static INTERFACES: &[Interface] = &[
    Interface { uuid: "367abb81-9844-35f1-ad32-98f038001003", name: "svcctl", operations: &[
        (0, "CloseServiceHandle"), (1, "ControlService"), (2, "DeleteService"), (3, "LockServiceDatabase"),
        (4, "QueryServiceObjectSecurity"), (5, "SetServiceObjectSecurity"), (6, "QueryServiceStatus"),
        (7, "SetServiceStatus"), (8, "UnlockServiceDatabase"), (11, "ChangeServiceConfigW"),
        (12, "CreateServiceW"), (13, "EnumDependentServicesW"), (14, "EnumServicesStatusW"),
        (15, "OpenSCManagerW"), (16, "OpenServiceW"), (17, "QueryServiceConfigW"), (19, "StartServiceW"),
        (20, "GetServiceDisplayNameW"), (21, "GetServiceKeyNameW"), (23, "ChangeServiceConfigA"),
        (24, "CreateServiceA"), (26, "EnumServicesStatusA"), (27, "OpenSCManagerA"), (28, "OpenServiceA"),
        (29, "QueryServiceConfigA"), (31, "StartServiceA"), (36, "ChangeServiceConfig2A"),
        (37, "ChangeServiceConfig2W"), (38, "QueryServiceConfig2A"), (39, "QueryServiceConfig2W"),
        (40, "QueryServiceStatusEx"), (41, "EnumServicesStatusExA"), (42, "EnumServicesStatusExW"),
        (44, "CreateServiceWOW64A"), (45, "CreateServiceWOW64W"), (47, "NotifyServiceStatusChange"),
        (50, "ControlServiceExA"), (51, "ControlServiceExW"), (60, "CreateWowService"),
        (64, "OpenSCManager2"),
    ] },
    Interface { uuid: "1ff70682-0a51-30e8-076d-740be8cee98b", name: "atsvc", operations: &[
        (0, "NetrJobAdd"), (1, "NetrJobDel"), (2, "NetrJobEnum"), (3, "NetrJobGetInfo"),
    ] },
    Interface { uuid: "86d35949-83c9-4044-b424-db363231fd0c", name: "ITaskSchedulerService", operations: &[
        (0, "SchRpcHighestVersion"), (1, "SchRpcRegisterTask"), (2, "SchRpcRetrieveTask"),
        (3, "SchRpcCreateFolder"), (4, "SchRpcSetSecurity"), (5, "SchRpcGetSecurity"),
        (6, "SchRpcEnumFolders"), (7, "SchRpcEnumTasks"), (8, "SchRpcEnumInstances"),
        (9, "SchRpcGetInstanceInfo"), (10, "SchRpcStopInstance"), (11, "SchRpcStop"), (12, "SchRpcRun"),
        (13, "SchRpcDelete"), (14, "SchRpcRename"), (15, "SchRpcScheduledRuntimes"),
        (16, "SchRpcGetLastRunInfo"), (17, "SchRpcGetTaskInfo"), (18, "SchRpcGetNumberOfMissedRuns"),
        (19, "SchRpcEnableTask"),
    ] },
    Interface { uuid: "12345778-1234-abcd-ef00-0123456789ac", name: "samr", operations: &[
        (0, "SamrConnect"), (1, "SamrCloseHandle"), (2, "SamrSetSecurityObject"),
        (3, "SamrQuerySecurityObject"), (5, "SamrLookupDomainInSamServer"),
        (6, "SamrEnumerateDomainsInSamServer"), (7, "SamrOpenDomain"), (8, "SamrQueryInformationDomain"),
        (9, "SamrSetInformationDomain"), (10, "SamrCreateGroupInDomain"),
        (11, "SamrEnumerateGroupsInDomain"), (12, "SamrCreateUserInDomain"),
        (13, "SamrEnumerateUsersInDomain"), (14, "SamrCreateAliasInDomain"),
        (15, "SamrEnumerateAliasesInDomain"), (16, "SamrGetAliasMembership"),
        (17, "SamrLookupNamesInDomain"), (18, "SamrLookupIdsInDomain"), (19, "SamrOpenGroup"),
        (20, "SamrQueryInformationGroup"), (21, "SamrSetInformationGroup"), (22, "SamrAddMemberToGroup"),
        (23, "SamrDeleteGroup"), (24, "SamrRemoveMemberFromGroup"), (25, "SamrGetMembersInGroup"),
        (27, "SamrOpenAlias"), (28, "SamrQueryInformationAlias"), (29, "SamrSetInformationAlias"),
        (30, "SamrDeleteAlias"), (31, "SamrAddMemberToAlias"), (32, "SamrRemoveMemberFromAlias"),
        (33, "SamrGetMembersInAlias"), (34, "SamrOpenUser"), (35, "SamrDeleteUser"),
        (36, "SamrQueryInformationUser"), (37, "SamrSetInformationUser"), (38, "SamrChangePasswordUser"),
        (39, "SamrGetGroupsForUser"), (40, "SamrQueryDisplayInformation"),
        (44, "SamrGetUserDomainPasswordInformation"), (46, "SamrQueryInformationDomain2"),
        (47, "SamrQueryInformationUser2"), (48, "SamrQueryDisplayInformation2"),
        (50, "SamrCreateUser2InDomain"), (51, "SamrQueryDisplayInformation3"),
        (54, "SamrOemChangePasswordUser2"), (55, "SamrUnicodeChangePasswordUser2"),
        (56, "SamrGetDomainPasswordInformation"), (57, "SamrConnect2"), (58, "SamrSetInformationUser2"),
        (62, "SamrConnect4"), (64, "SamrConnect5"), (65, "SamrRidToSid"), (66, "SamrSetDSRMPassword"),
        (67, "SamrValidatePassword"),
    ] },
    Interface { uuid: "12345778-1234-abcd-ef00-0123456789ab", name: "lsarpc", operations: &[
        (0, "LsarClose"), (2, "LsarEnumeratePrivileges"), (3, "LsarQuerySecurityObject"),
        (4, "LsarSetSecurityObject"), (6, "LsarOpenPolicy"), (7, "LsarQueryInformationPolicy"),
        (8, "LsarSetInformationPolicy"), (10, "LsarCreateAccount"), (11, "LsarEnumerateAccounts"),
        (12, "LsarCreateTrustedDomain"), (13, "LsarEnumerateTrustedDomains"), (14, "LsarLookupNames"),
        (15, "LsarLookupSids"), (16, "LsarCreateSecret"), (17, "LsarOpenAccount"),
        (18, "LsarEnumeratePrivilegesAccount"), (19, "LsarAddPrivilegesToAccount"), (28, "LsarOpenSecret"),
        (29, "LsarSetSecret"), (30, "LsarQuerySecret"), (31, "LsarLookupPrivilegeValue"),
        (34, "LsarDeleteObject"), (35, "LsarEnumerateAccountsWithUserRight"),
        (36, "LsarEnumerateAccountRights"), (37, "LsarAddAccountRights"), (38, "LsarRemoveAccountRights"),
        (42, "LsarStorePrivateData"), (43, "LsarRetrievePrivateData"), (44, "LsarOpenPolicy2"),
        (45, "LsarGetUserName"), (46, "LsarQueryInformationPolicy2"), (50, "LsarEnumerateTrustedDomainsEx"),
        (57, "LsarLookupSids2"), (58, "LsarLookupNames2"), (68, "LsarLookupNames3"), (76, "LsarLookupSids3"),
        (77, "LsarLookupNames4"),
    ] },
    Interface { uuid: "e3514235-4b06-11d1-ab04-00c04fc2dcd2", name: "drsuapi", operations: &[
        (0, "DRSBind"), (1, "DRSUnbind"), (2, "DRSReplicaSync"), (3, "DRSGetNCChanges"),
        (4, "DRSUpdateRefs"), (5, "DRSReplicaAdd"), (6, "DRSReplicaDel"), (7, "DRSReplicaModify"),
        (8, "DRSVerifyNames"), (9, "DRSGetMemberships"), (10, "DRSInterDomainMove"),
        (11, "DRSGetNT4ChangeLog"), (12, "DRSCrackNames"), (13, "DRSWriteSPN"), (14, "DRSRemoveDsServer"),
        (15, "DRSRemoveDsDomain"), (16, "DRSDomainControllerInfo"), (17, "DRSAddEntry"),
        (18, "DRSExecuteKCC"), (19, "DRSGetReplInfo"), (20, "DRSAddSidHistory"), (21, "DRSGetMemberships2"),
    ] },
    Interface { uuid: "338cd001-2244-31f1-aaaa-900038001003", name: "winreg", operations: &[
        (0, "OpenClassesRoot"), (1, "OpenCurrentUser"), (2, "OpenLocalMachine"), (3, "OpenPerformanceData"),
        (4, "OpenUsers"), (5, "BaseRegCloseKey"), (6, "BaseRegCreateKey"), (7, "BaseRegDeleteKey"),
        (8, "BaseRegDeleteValue"), (9, "BaseRegEnumKey"), (10, "BaseRegEnumValue"), (11, "BaseRegFlushKey"),
        (12, "BaseRegGetKeySecurity"), (13, "BaseRegLoadKey"), (15, "BaseRegOpenKey"),
        (16, "BaseRegQueryInfoKey"), (17, "BaseRegQueryValue"), (18, "BaseRegReplaceKey"),
        (19, "BaseRegRestoreKey"), (20, "BaseRegSaveKey"), (21, "BaseRegSetKeySecurity"),
        (22, "BaseRegSetValue"), (23, "BaseRegUnLoadKey"), (24, "BaseInitiateSystemShutdown"),
        (25, "BaseAbortSystemShutdown"), (26, "BaseRegGetVersion"), (29, "BaseRegQueryMultipleValues"),
        (30, "BaseInitiateSystemShutdownEx"), (31, "BaseRegSaveKeyEx"), (35, "BaseRegDeleteKeyEx"),
    ] },
    Interface { uuid: "4b324fc8-1670-01d3-1278-5a47bf6ee188", name: "srvsvc", operations: &[
        (8, "NetrConnectionEnum"), (9, "NetrFileEnum"), (10, "NetrFileGetInfo"), (11, "NetrFileClose"),
        (12, "NetrSessionEnum"), (13, "NetrSessionDel"), (14, "NetrShareAdd"), (15, "NetrShareEnum"),
        (16, "NetrShareGetInfo"), (17, "NetrShareSetInfo"), (18, "NetrShareDel"), (19, "NetrShareDelSticky"),
        (20, "NetrShareCheck"), (21, "NetrServerGetInfo"), (22, "NetrServerSetInfo"),
        (23, "NetrServerDiskEnum"), (24, "NetrServerStatisticsGet"), (28, "NetrRemoteTOD"),
        (30, "NetprPathType"), (31, "NetprPathCanonicalize"), (32, "NetprPathCompare"),
        (36, "NetrShareEnumSticky"),
    ] },
    Interface { uuid: "6bffd098-a112-3610-9833-46c3f87e345a", name: "wkssvc", operations: &[
        (0, "NetrWkstaGetInfo"), (1, "NetrWkstaSetInfo"), (2, "NetrWkstaUserEnum"),
        (5, "NetrWkstaTransportEnum"), (8, "NetrUseAdd"), (10, "NetrUseDel"), (11, "NetrUseEnum"),
        (13, "NetrWorkstationStatisticsGet"), (20, "NetrGetJoinInformation"), (22, "NetrJoinDomain2"),
        (23, "NetrUnjoinDomain2"), (24, "NetrRenameMachineInDomain2"), (30, "NetrEnumerateComputerNames"),
    ] },
    Interface { uuid: "12345678-1234-abcd-ef00-0123456789ab", name: "spoolss", operations: &[
        (0, "RpcEnumPrinters"), (1, "RpcOpenPrinter"), (5, "RpcAddPrinter"), (6, "RpcDeletePrinter"),
        (9, "RpcAddPrinterDriver"), (10, "RpcEnumPrinterDrivers"), (14, "RpcAddPrintProcessor"),
        (17, "RpcStartDocPrinter"), (19, "RpcWritePrinter"), (29, "RpcClosePrinter"), (46, "RpcAddMonitor"),
        (47, "RpcDeleteMonitor"), (65, "RpcRemoteFindFirstPrinterChangeNotificationEx"),
        (69, "RpcOpenPrinterEx"), (70, "RpcAddPrinterEx"), (89, "RpcAddPrinterDriverEx"),
    ] },
    Interface { uuid: "76f03f96-cdfd-44fc-a22c-64950a001209", name: "IRemoteWinspool", operations: &[
        (0, "RpcAsyncOpenPrinter"), (1, "RpcAsyncAddPrinter"), (39, "RpcAsyncAddPrinterDriver"),
        (44, "RpcAsyncAddPrintProcessor"), (51, "RpcAsyncAddMonitor"),
    ] },
    Interface { uuid: "12345678-1234-abcd-ef00-01234567cffb", name: "netlogon", operations: &[
        (2, "NetrLogonSamLogon"), (3, "NetrLogonSamLogoff"), (4, "NetrServerReqChallenge"),
        (5, "NetrServerAuthenticate"), (6, "NetrServerPasswordSet"), (11, "NetrGetDCName"),
        (12, "NetrLogonControl"), (14, "NetrLogonControl2"), (15, "NetrServerAuthenticate2"),
        (18, "NetrLogonControl2Ex"), (20, "DsrGetDcName"), (21, "NetrLogonGetCapabilities"),
        (26, "NetrServerAuthenticate3"), (27, "DsrGetDcNameEx"), (28, "DsrGetSiteName"),
        (29, "NetrLogonGetDomainInfo"), (30, "NetrServerPasswordSet2"), (31, "NetrServerPasswordGet"),
        (34, "DsrGetDcNameEx2"), (39, "NetrLogonSamLogonEx"), (40, "DsrEnumerateDomainTrusts"),
        (42, "NetrServerTrustPasswordsGet"), (45, "NetrLogonSamLogonWithFlags"),
        (46, "NetrServerGetTrustInfo"),
    ] },
    Interface { uuid: "c681d488-d850-11d0-8c52-00c04fd90f7e", name: "efsrpc", operations: &[
        (0, "EfsRpcOpenFileRaw"), (1, "EfsRpcReadFileRaw"), (2, "EfsRpcWriteFileRaw"), (3, "EfsRpcCloseRaw"),
        (4, "EfsRpcEncryptFileSrv"), (5, "EfsRpcDecryptFileSrv"), (6, "EfsRpcQueryUsersOnFile"),
        (7, "EfsRpcQueryRecoveryAgents"), (8, "EfsRpcRemoveUsersFromFile"), (9, "EfsRpcAddUsersToFile"),
        (12, "EfsRpcFileKeyInfo"), (13, "EfsRpcDuplicateEncryptionInfoFile"), (15, "EfsRpcAddUsersToFileEx"),
    ] },
    Interface { uuid: "df1941c5-fe89-4e79-bf10-463657acf44d", name: "efsrpc", operations: &[
        (0, "EfsRpcOpenFileRaw"), (1, "EfsRpcReadFileRaw"), (2, "EfsRpcWriteFileRaw"), (3, "EfsRpcCloseRaw"),
        (4, "EfsRpcEncryptFileSrv"), (5, "EfsRpcDecryptFileSrv"), (6, "EfsRpcQueryUsersOnFile"),
        (7, "EfsRpcQueryRecoveryAgents"), (8, "EfsRpcRemoveUsersFromFile"), (9, "EfsRpcAddUsersToFile"),
        (12, "EfsRpcFileKeyInfo"), (13, "EfsRpcDuplicateEncryptionInfoFile"), (15, "EfsRpcAddUsersToFileEx"),
    ] },
    Interface { uuid: "e1af8308-5d1f-11c9-91a4-08002b14a0fa", name: "epmapper", operations: &[
        (0, "ept_insert"), (1, "ept_delete"), (2, "ept_lookup"), (3, "ept_map"),
        (4, "ept_lookup_handle_free"), (5, "ept_inq_object"), (6, "ept_mgmt_delete"),
    ] },
    Interface { uuid: "afa8bd80-7d8a-11c9-bef4-08002b102989", name: "mgmt", operations: &[
        (0, "inq_if_ids"), (1, "inq_stats"), (2, "is_server_listening"), (3, "stop_server_listening"),
        (4, "inq_princ_name"),
    ] },
    Interface { uuid: "894de0c0-0d55-11d3-a322-00c04fa321a1", name: "InitShutdown", operations: &[
        (0, "BaseInitiateShutdown"), (1, "BaseAbortShutdown"), (2, "BaseInitiateShutdownEx"),
    ] },
    Interface { uuid: "d95afe70-a6d5-4259-822e-2c84da1ddb0d", name: "WindowsShutdown", operations: &[
        (0, "WsdrInitiateShutdown"), (1, "WsdrAbortShutdown"),
    ] },
    Interface { uuid: "82273fdc-e32a-18c3-3f78-827929dc23ea", name: "eventlog", operations: &[
        (0, "ElfrClearELFW"), (1, "ElfrBackupELFW"), (2, "ElfrCloseEL"), (4, "ElfrNumberOfRecords"),
        (7, "ElfrOpenELW"), (9, "ElfrOpenBELW"), (10, "ElfrReadELW"), (11, "ElfrReportEventW"),
        (12, "ElfrClearELFA"),
    ] },
    Interface { uuid: "3919286a-b10c-11d0-9ba8-00c04fd92ef5", name: "dssetup", operations: &[
        (0, "DsRolerGetPrimaryDomainInformation"),
    ] },
    Interface { uuid: "99fcfec4-5260-101b-bbcb-00aa0021347a", name: "IObjectExporter", operations: &[
        (0, "ResolveOxid"), (1, "SimplePing"), (2, "ComplexPing"), (3, "ServerAlive"), (4, "ResolveOxid2"),
        (5, "ServerAlive2"),
    ] },
    Interface { uuid: "000001a0-0000-0000-c000-000000000046", name: "IRemoteSCMActivator", operations: &[
        (3, "RemoteGetClassObject"), (4, "RemoteCreateInstance"),
    ] },
    Interface { uuid: "4d9f4ab8-7d1c-11cf-861e-0020af6e7c57", name: "IActivation", operations: &[
        (0, "RemoteActivation"),
    ] },
    Interface { uuid: "00000131-0000-0000-c000-000000000046", name: "IRemUnknown", operations: &[
        (3, "RemQueryInterface"), (4, "RemAddRef"), (5, "RemRelease"),
    ] },
    Interface { uuid: "00000143-0000-0000-c000-000000000046", name: "IRemUnknown2", operations: &[
        (3, "RemQueryInterface"), (4, "RemAddRef"), (5, "RemRelease"), (6, "RemQueryInterface2"),
    ] },
    Interface { uuid: "9556dc99-828c-11cf-a37e-00aa003240c7", name: "IWbemServices", operations: &[
        (3, "OpenNamespace"), (6, "GetObject"), (7, "GetObjectAsync"), (8, "PutClass"), (10, "DeleteClass"),
        (12, "CreateClassEnum"), (14, "PutInstance"), (15, "PutInstanceAsync"), (16, "DeleteInstance"),
        (17, "DeleteInstanceAsync"), (18, "CreateInstanceEnum"), (20, "ExecQuery"), (21, "ExecQueryAsync"),
        (22, "ExecNotificationQuery"), (23, "ExecNotificationQueryAsync"), (24, "ExecMethod"),
        (25, "ExecMethodAsync"),
    ] },
    Interface { uuid: "f309ad18-d86a-11d0-a075-00c04fb68820", name: "IWbemLevel1Login", operations: &[
        (3, "EstablishPosition"), (4, "RequestChallenge"), (5, "WBEMLogin"), (6, "NTLMLogin"),
    ] },
    Interface { uuid: "12b81e99-f207-4a4c-85d3-77b42f76fd14", name: "ISecLogon", operations: &[
        (0, "SeclCreateProcessWithLogonW"), (1, "SeclCreateProcessWithLogonExW"),
    ] },
    Interface { uuid: "6bffd098-a112-3610-9833-012892020162", name: "browser", operations: &[
    ] },
    Interface { uuid: "4fc742e0-4a10-11cf-8273-00aa004ae673", name: "netdfs", operations: &[
        (0, "NetrDfsManagerGetVersion"), (12, "NetrDfsAddStdRoot"), (13, "NetrDfsRemoveStdRoot"),
        (21, "NetrDfsEnumEx"),
    ] },
    Interface { uuid: "50abc2a4-574d-40b3-9d66-ee4fd5fba076", name: "dnsserver", operations: &[
        (0, "DnssrvOperation"), (1, "DnssrvQuery"), (5, "DnssrvOperation2"), (6, "DnssrvQuery2"),
    ] },
    Interface { uuid: "dea00001-6c97-11d1-8271-00a02442df7d", name: "pnio-device", operations: &[
    ] },
    Interface { uuid: "dea00002-6c97-11d1-8271-00a02442df7d", name: "pnio-controller", operations: &[
    ] },
];

/// An operation's name in snake_case: `CreateServiceW` is `create_service_w`.
pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let mut before = None;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().is_some_and(char::is_ascii_lowercase);
        let word = before.is_some_and(|b: char| b.is_ascii_lowercase() || b.is_ascii_digit());
        if c.is_ascii_uppercase() && (word || next && before.is_some_and(|b| b != '_')) {
            out.push('_');
        }
        before = Some(c);
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_snake_case() {
        for (name, wanted) in [
            ("CreateServiceW", "create_service_w"),
            ("OpenSCManagerW", "open_sc_manager_w"),
            ("SchRpcRegisterTask", "sch_rpc_register_task"),
            ("DRSGetNCChanges", "drs_get_nc_changes"),
            ("CreateServiceWOW64W", "create_service_wow64_w"),
            ("ept_map", "ept_map"),
        ] {
            assert_eq!(snake(name), wanted);
        }
    }

    #[test]
    fn operations_of_meaning_are_listed() {
        let all = INTERFACES.iter().flat_map(|i| i.operations).map(|(_, name)| *name);
        let mut notable: Vec<String> = all.filter(|name| meaning(name).2).map(snake).collect();
        notable.sort();
        notable.dedup();
        let mut listed = OPERATIONS.to_vec();
        listed.sort_unstable();
        assert_eq!(notable, listed);
    }

    #[test]
    fn the_table_is_sorted_for_searching() {
        for i in INTERFACES {
            assert!(i.operations.is_sorted_by_key(|(n, _)| *n), "{}", i.name);
            assert_eq!(i.uuid, i.uuid.to_lowercase());
        }
        assert_eq!(of_pipe("\\PIPE\\svcctl").and_then(|i| i.operation(12)), Some("CreateServiceW"));
    }
}
