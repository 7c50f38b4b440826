from google.protobuf import empty_pb2 as _empty_pb2
from portico.wire.titus import base_pb2 as _base_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Family(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FAMILY_DEFAULT: _ClassVar[Family]
    FAMILY_V4: _ClassVar[Family]
    FAMILY_V6: _ClassVar[Family]
FAMILY_DEFAULT: Family
FAMILY_V4: Family
FAMILY_V6: Family

class AllocateAddressRequest(_message.Message):
    __slots__ = ("addressAllocation", "family", "accountId")
    ADDRESSALLOCATION_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTID_FIELD_NUMBER: _ClassVar[int]
    addressAllocation: _base_pb2.AddressAllocation
    family: Family
    accountId: str
    def __init__(self, addressAllocation: _Optional[_Union[_base_pb2.AddressAllocation, _Mapping]] = ..., family: _Optional[_Union[Family, str]] = ..., accountId: _Optional[str] = ...) -> None: ...

class AllocateAddressResponse(_message.Message):
    __slots__ = ("signedAddressAllocation",)
    SIGNEDADDRESSALLOCATION_FIELD_NUMBER: _ClassVar[int]
    signedAddressAllocation: _base_pb2.SignedAddressAllocation
    def __init__(self, signedAddressAllocation: _Optional[_Union[_base_pb2.SignedAddressAllocation, _Mapping]] = ...) -> None: ...

class GetAllocationRequest(_message.Message):
    __slots__ = ("address", "uuid", "ipv6Address")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    UUID_FIELD_NUMBER: _ClassVar[int]
    IPV6ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    uuid: str
    ipv6Address: str
    def __init__(self, address: _Optional[str] = ..., uuid: _Optional[str] = ..., ipv6Address: _Optional[str] = ...) -> None: ...

class GetAllocationResponse(_message.Message):
    __slots__ = ("addressAllocation", "signedAddressAllocation")
    ADDRESSALLOCATION_FIELD_NUMBER: _ClassVar[int]
    SIGNEDADDRESSALLOCATION_FIELD_NUMBER: _ClassVar[int]
    addressAllocation: _base_pb2.AddressAllocation
    signedAddressAllocation: _base_pb2.SignedAddressAllocation
    def __init__(self, addressAllocation: _Optional[_Union[_base_pb2.AddressAllocation, _Mapping]] = ..., signedAddressAllocation: _Optional[_Union[_base_pb2.SignedAddressAllocation, _Mapping]] = ...) -> None: ...

class DeallocateAddressRequest(_message.Message):
    __slots__ = ("uuid",)
    UUID_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    def __init__(self, uuid: _Optional[str] = ...) -> None: ...

class DeallocateAddressResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ValidationRequest(_message.Message):
    __slots__ = ("signedAddressAllocation",)
    SIGNEDADDRESSALLOCATION_FIELD_NUMBER: _ClassVar[int]
    signedAddressAllocation: _base_pb2.SignedAddressAllocation
    def __init__(self, signedAddressAllocation: _Optional[_Union[_base_pb2.SignedAddressAllocation, _Mapping]] = ...) -> None: ...

class ValidationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ParametersValidationRequest(_message.Message):
    __slots__ = ("accountId", "subnets", "securityGroups")
    ACCOUNTID_FIELD_NUMBER: _ClassVar[int]
    SUBNETS_FIELD_NUMBER: _ClassVar[int]
    SECURITYGROUPS_FIELD_NUMBER: _ClassVar[int]
    accountId: str
    subnets: _containers.RepeatedScalarFieldContainer[str]
    securityGroups: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, accountId: _Optional[str] = ..., subnets: _Optional[_Iterable[str]] = ..., securityGroups: _Optional[_Iterable[str]] = ...) -> None: ...

class ParametersValidationResponse(_message.Message):
    __slots__ = ("validationFailures",)
    class UnknownFailure(_message.Message):
        __slots__ = ("failure",)
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        failure: str
        def __init__(self, failure: _Optional[str] = ...) -> None: ...
    class SubnetNotFound(_message.Message):
        __slots__ = ("subnetId",)
        SUBNETID_FIELD_NUMBER: _ClassVar[int]
        subnetId: str
        def __init__(self, subnetId: _Optional[str] = ...) -> None: ...
    class SecurityGroupNotFound(_message.Message):
        __slots__ = ("securityGroup",)
        SECURITYGROUP_FIELD_NUMBER: _ClassVar[int]
        securityGroup: str
        def __init__(self, securityGroup: _Optional[str] = ...) -> None: ...
    class AccountIdUnsupported(_message.Message):
        __slots__ = ("accountId",)
        ACCOUNTID_FIELD_NUMBER: _ClassVar[int]
        accountId: str
        def __init__(self, accountId: _Optional[str] = ...) -> None: ...
    class SubnetDoesNotMatchAccountId(_message.Message):
        __slots__ = ("subnetId",)
        SUBNETID_FIELD_NUMBER: _ClassVar[int]
        subnetId: str
        def __init__(self, subnetId: _Optional[str] = ...) -> None: ...
    class SubnetsTooDiverse(_message.Message):
        __slots__ = ("subnetId",)
        SUBNETID_FIELD_NUMBER: _ClassVar[int]
        subnetId: str
        def __init__(self, subnetId: _Optional[str] = ...) -> None: ...
    class ValidationFailure(_message.Message):
        __slots__ = ("unknownFailure", "subnetNotFound", "securityGroupNotFound", "accountIdUnsupported", "subnetDoesNotMatchAccountId", "subnetsTooDiverse")
        UNKNOWNFAILURE_FIELD_NUMBER: _ClassVar[int]
        SUBNETNOTFOUND_FIELD_NUMBER: _ClassVar[int]
        SECURITYGROUPNOTFOUND_FIELD_NUMBER: _ClassVar[int]
        ACCOUNTIDUNSUPPORTED_FIELD_NUMBER: _ClassVar[int]
        SUBNETDOESNOTMATCHACCOUNTID_FIELD_NUMBER: _ClassVar[int]
        SUBNETSTOODIVERSE_FIELD_NUMBER: _ClassVar[int]
        unknownFailure: ParametersValidationResponse.UnknownFailure
        subnetNotFound: ParametersValidationResponse.SubnetNotFound
        securityGroupNotFound: ParametersValidationResponse.SecurityGroupNotFound
        accountIdUnsupported: ParametersValidationResponse.AccountIdUnsupported
        subnetDoesNotMatchAccountId: ParametersValidationResponse.SubnetDoesNotMatchAccountId
        subnetsTooDiverse: ParametersValidationResponse.SubnetsTooDiverse
        def __init__(self, unknownFailure: _Optional[_Union[ParametersValidationResponse.UnknownFailure, _Mapping]] = ..., subnetNotFound: _Optional[_Union[ParametersValidationResponse.SubnetNotFound, _Mapping]] = ..., securityGroupNotFound: _Optional[_Union[ParametersValidationResponse.SecurityGroupNotFound, _Mapping]] = ..., accountIdUnsupported: _Optional[_Union[ParametersValidationResponse.AccountIdUnsupported, _Mapping]] = ..., subnetDoesNotMatchAccountId: _Optional[_Union[ParametersValidationResponse.SubnetDoesNotMatchAccountId, _Mapping]] = ..., subnetsTooDiverse: _Optional[_Union[ParametersValidationResponse.SubnetsTooDiverse, _Mapping]] = ...) -> None: ...
    VALIDATIONFAILURES_FIELD_NUMBER: _ClassVar[int]
    validationFailures: _containers.RepeatedCompositeFieldContainer[ParametersValidationResponse.ValidationFailure]
    def __init__(self, validationFailures: _Optional[_Iterable[_Union[ParametersValidationResponse.ValidationFailure, _Mapping]]] = ...) -> None: ...

class AllocateStaticIPAddressRequest(_message.Message):
    __slots__ = ("subnetId", "uuid", "pool", "tags")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SUBNETID_FIELD_NUMBER: _ClassVar[int]
    UUID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    subnetId: str
    uuid: str
    pool: str
    tags: _containers.ScalarMap[str, str]
    def __init__(self, subnetId: _Optional[str] = ..., uuid: _Optional[str] = ..., pool: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ...) -> None: ...

class AllocateStaticIPAddressResponse(_message.Message):
    __slots__ = ("staticIPAddress",)
    STATICIPADDRESS_FIELD_NUMBER: _ClassVar[int]
    staticIPAddress: StaticIPAddress
    def __init__(self, staticIPAddress: _Optional[_Union[StaticIPAddress, _Mapping]] = ...) -> None: ...

class AddressLocationV2(_message.Message):
    __slots__ = ("accountId", "availabilityZone", "availabilityZoneId", "vpcId", "subnetId")
    ACCOUNTID_FIELD_NUMBER: _ClassVar[int]
    AVAILABILITYZONE_FIELD_NUMBER: _ClassVar[int]
    AVAILABILITYZONEID_FIELD_NUMBER: _ClassVar[int]
    VPCID_FIELD_NUMBER: _ClassVar[int]
    SUBNETID_FIELD_NUMBER: _ClassVar[int]
    accountId: str
    availabilityZone: str
    availabilityZoneId: str
    vpcId: str
    subnetId: str
    def __init__(self, accountId: _Optional[str] = ..., availabilityZone: _Optional[str] = ..., availabilityZoneId: _Optional[str] = ..., vpcId: _Optional[str] = ..., subnetId: _Optional[str] = ...) -> None: ...

class StaticIPAddress(_message.Message):
    __slots__ = ("uuid", "ipv4Address", "ipv6Address", "pool", "tags", "addressLocation")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    UUID_FIELD_NUMBER: _ClassVar[int]
    IPV4ADDRESS_FIELD_NUMBER: _ClassVar[int]
    IPV6ADDRESS_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    ADDRESSLOCATION_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    ipv4Address: str
    ipv6Address: str
    pool: str
    tags: _containers.ScalarMap[str, str]
    addressLocation: AddressLocationV2
    def __init__(self, uuid: _Optional[str] = ..., ipv4Address: _Optional[str] = ..., ipv6Address: _Optional[str] = ..., pool: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., addressLocation: _Optional[_Union[AddressLocationV2, _Mapping]] = ...) -> None: ...

class SetPoolRequest(_message.Message):
    __slots__ = ("uuid", "pool")
    UUID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    pool: str
    def __init__(self, uuid: _Optional[str] = ..., pool: _Optional[str] = ...) -> None: ...

class SetPoolResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CreateTagRequest(_message.Message):
    __slots__ = ("uuid", "key", "value", "upsert")
    UUID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UPSERT_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    key: str
    value: str
    upsert: bool
    def __init__(self, uuid: _Optional[str] = ..., key: _Optional[str] = ..., value: _Optional[str] = ..., upsert: _Optional[bool] = ...) -> None: ...

class CreateTagResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeleteTagRequest(_message.Message):
    __slots__ = ("uuid", "key")
    UUID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    key: str
    def __init__(self, uuid: _Optional[str] = ..., key: _Optional[str] = ...) -> None: ...

class DeleteTagResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UpdateTagRequest(_message.Message):
    __slots__ = ("uuid", "key", "value")
    UUID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    key: str
    value: str
    def __init__(self, uuid: _Optional[str] = ..., key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class UpdateTagResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AddressSearchParameter(_message.Message):
    __slots__ = ("address", "empty", "subnetId", "vpcId")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    EMPTY_FIELD_NUMBER: _ClassVar[int]
    SUBNETID_FIELD_NUMBER: _ClassVar[int]
    VPCID_FIELD_NUMBER: _ClassVar[int]
    address: str
    empty: _empty_pb2.Empty
    subnetId: str
    vpcId: str
    def __init__(self, address: _Optional[str] = ..., empty: _Optional[_Union[_empty_pb2.Empty, _Mapping]] = ..., subnetId: _Optional[str] = ..., vpcId: _Optional[str] = ...) -> None: ...

class GetStaticIPAddressRequest(_message.Message):
    __slots__ = ("uuid", "addressSearchParameter")
    UUID_FIELD_NUMBER: _ClassVar[int]
    ADDRESSSEARCHPARAMETER_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    addressSearchParameter: AddressSearchParameter
    def __init__(self, uuid: _Optional[str] = ..., addressSearchParameter: _Optional[_Union[AddressSearchParameter, _Mapping]] = ...) -> None: ...

class GetStaticIPAddressResponse(_message.Message):
    __slots__ = ("staticIPAddress",)
    STATICIPADDRESS_FIELD_NUMBER: _ClassVar[int]
    staticIPAddress: StaticIPAddress
    def __init__(self, staticIPAddress: _Optional[_Union[StaticIPAddress, _Mapping]] = ...) -> None: ...

class GetStaticIPAddressesRequest(_message.Message):
    __slots__ = ("pool", "addresses")
    POOL_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    pool: str
    addresses: _base_pb2.StaticIPAddressIDs
    def __init__(self, pool: _Optional[str] = ..., addresses: _Optional[_Union[_base_pb2.StaticIPAddressIDs, _Mapping]] = ...) -> None: ...

class GetStaticIPAddressesResponse(_message.Message):
    __slots__ = ("staticIPAddresses",)
    STATICIPADDRESSES_FIELD_NUMBER: _ClassVar[int]
    staticIPAddresses: _containers.RepeatedCompositeFieldContainer[StaticIPAddress]
    def __init__(self, staticIPAddresses: _Optional[_Iterable[_Union[StaticIPAddress, _Mapping]]] = ...) -> None: ...

class GetBranchToTrunkENIMappingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetBranchToTrunkENIMappingResponse(_message.Message):
    __slots__ = ("branchENIMapping",)
    class BranchENIMappingEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    BRANCHENIMAPPING_FIELD_NUMBER: _ClassVar[int]
    branchENIMapping: _containers.ScalarMap[str, str]
    def __init__(self, branchENIMapping: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ResetSecurityGroupRequest(_message.Message):
    __slots__ = ("securityGroupID",)
    SECURITYGROUPID_FIELD_NUMBER: _ClassVar[int]
    securityGroupID: str
    def __init__(self, securityGroupID: _Optional[str] = ...) -> None: ...

class ResetSecurityGroupResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
